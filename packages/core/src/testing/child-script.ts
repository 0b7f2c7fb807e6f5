import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

/** A second process of ours, for tests that kill, stop or race processes. */
export interface ChildScript {
  pid: number;
  /** Lines it has written to stdout so far. */
  lines: readonly string[];
  /** Resolves with the first line that starts with `prefix`; rejects when the process ends without one. */
  waitFor(prefix: string): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended and all its lines are read. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const waitMs = 20_000;

/** Runs the text of an ES module until the test ends; `values` arrive as `process.argv[2]` on, as JSON. */
export function startScript(source: string, ...values: readonly unknown[]): ChildScript {
  const flags = ["--input-type=module", "-e", source, "--", "script"];
  const child = spawn(process.execPath, [...flags, ...values.map((value) => JSON.stringify(value))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.pid === undefined) throw new Error("The script could not be started.");
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => {
    lines.push(line);
    for (const check of waiting) check();
  });
  const read = new Promise<void>((resolve) => reader.once("close", resolve));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("exit", (code, signal) => void read.then(() => resolve({ code, signal })));
  });
  return {
    pid: child.pid,
    lines,
    ended,
    kill: (signal) => void child.kill(signal),
    waitFor(prefix) {
      return new Promise((resolve, reject) => {
        const check = () => {
          const found = lines.find((line) => line.startsWith(prefix));
          if (found === undefined) return;
          waiting.delete(check);
          clearTimeout(timer);
          resolve(found);
        };
        const timer = setTimeout(() => reject(new Error(`The script did not write "${prefix}" in time.`)), waitMs);
        waiting.add(check);
        check();
        void ended.then(() => {
          clearTimeout(timer);
          reject(new Error(`The script ended before it wrote "${prefix}".`));
        });
      });
    },
  };
}
