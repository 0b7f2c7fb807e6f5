import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "@sophia/core/testing/child-environment";

const main = fileURLToPath(new URL("../../main.ts", import.meta.url));

export interface SophiaRun {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** The real command in a process of its own, with exactly this environment. */
export function startSophia(args: readonly string[], environment: Readonly<Record<string, string>>): SophiaRun {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...childEnvironment(), SOPHIA_LOG_LEVEL: "error", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, stdout, stderr })),
  );
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}
