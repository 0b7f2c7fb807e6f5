import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@sophia/core/limits/clock";
import { createLocalBackend } from "@sophia/core/secrets/backend/local/local-backend";
import { createKeyring } from "@sophia/core/secrets/backend/local/keyring";
import { parseEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { secretsFolder } from "@sophia/core/secrets/settings/secret-store";
import { pino } from "pino";
import type { CommandContext } from "../../commands/command-context.ts";
import { loadConfig } from "../../load-config.ts";
import { createTerminal } from "../../terminal.ts";
import { readText } from "../compare-store.ts";
import type { MigrationStore } from "../migration-store.ts";

export interface MigrationHarness {
  folder: string;
  dataDir: string;
  store: MigrationStore;
  /** A context of its own, with everything that was written into it. */
  context(environment?: Record<string, string>): { context: CommandContext; stdout(): string; stderr(): string };
  /** What an environment opens to: keys below `values` joined by dots. */
  read(id: string, path: string): Promise<string | undefined>;
  close(): void;
}

/** A data directory with a real local store, and command contexts that write into strings. */
export function createMigrationHarness(): MigrationHarness {
  const folder = mkdtempSync(join(tmpdir(), "sophia-migrate-"));
  const dataDir = join(folder, "data");
  const keyring = createKeyring(Buffer.alloc(32, 7));
  const backend = createLocalBackend({ folder: secretsFolder(dataDir), keyring, author: "tester", clock: systemClock });
  return {
    folder,
    dataDir,
    store: { backend, keyring, locate: (id) => id },
    context(environment = {}) {
      const written = { stdout: "", stderr: "" };
      const stream = (name: "stdout" | "stderr") => ({
        isTTY: false,
        columns: 200,
        write: (text: string) => (written[name] += text) !== "",
      });
      const streams = { stdin: { isTTY: false }, stdout: stream("stdout"), stderr: stream("stderr") };
      const all = { SOPHIA_DATA_DIR: dataDir, ...environment };
      const terminal = createTerminal(streams as never, all);
      const context = { environment: all, config: loadConfig(all), terminal, log: pino({ level: "silent" }) };
      return { context, stdout: () => written.stdout, stderr: () => written.stderr };
    },
    async read(id, path) {
      const { environment } = await backend.open(parseEnvironmentId(id));
      return readText(environment, path.split("."));
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
