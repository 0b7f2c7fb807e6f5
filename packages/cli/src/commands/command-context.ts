import type { Environment } from "@sophia/core/config/parse-config";
import type { Logger } from "pino";
import type { CliConfig } from "../load-config.ts";
import type { Terminal } from "../terminal.ts";

/** What every command works with. Returns its exit code. */
export interface CommandContext {
  environment: Environment;
  config: CliConfig;
  terminal: Terminal;
  log: Logger;
}
