import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "../../program.ts";
import type { CommandResult } from "./run-secrets.ts";

export interface InProcessOptions {
  dataDir: string;
  /** Handed over with --file: this process has no stdin of its own. */
  input?: string;
  environment?: Readonly<Record<string, string>>;
}

let inputs = 0;

/** `sophia secrets …` without a process of its own: a tenth of the time. */
export async function runInProcess(words: readonly string[], options: InProcessOptions): Promise<CommandResult> {
  const { dataDir, input, environment } = options;
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    isTTY: false,
    columns: 200,
    write: (text: string) => (written[name] += text) !== "",
  });
  const file = join(dataDir, "..", `input-${(inputs += 1)}`);
  if (input !== undefined) writeFileSync(file, input, { mode: 0o600 });
  const code = await runCli({
    arguments: ["secrets", ...words, ...(input === undefined ? [] : ["--file", file])],
    environment: { PATH: process.env["PATH"], SOPHIA_LOG_LEVEL: "error", SOPHIA_DATA_DIR: dataDir, ...environment },
    streams: { stdin: { isTTY: false }, stdout: stream("stdout"), stderr: stream("stderr") } as never,
  });
  return { code, ...written };
}
