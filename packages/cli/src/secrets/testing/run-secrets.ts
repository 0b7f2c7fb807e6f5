import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "@sophia/core/testing/child-environment";

const main = fileURLToPath(new URL("../../main.ts", import.meta.url));

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  dataDir: string;
  /** What the command reads; nothing when left out. */
  stdin?: string;
  environment?: Readonly<Record<string, string>>;
  onStarted?(pid: number): void;
}

/** The real `sophia secrets …` in a process of its own, away from this test's variables. */
export function runSecrets(words: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { dataDir, stdin, environment, onStarted } = options;
  const child = spawn(process.execPath, [main, "secrets", ...words], {
    env: { ...childEnvironment(), SOPHIA_LOG_LEVEL: "error", SOPHIA_DATA_DIR: dataDir, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  child.stdin.on("error", () => {});
  child.stdin.end(stdin ?? "");
  if (child.pid !== undefined) onStarted?.(child.pid);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}
