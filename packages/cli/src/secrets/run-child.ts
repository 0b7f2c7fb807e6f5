import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@sophia/core/errors/app-error";
import { hasErrorCode } from "@sophia/core/config/start-errors";
import type { SecretNeedles } from "./redact-output.ts";
import { createRedactor } from "./redact-output.ts";

export interface ChildOptions {
  command: string;
  arguments: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Masked in what the program prints; undefined leaves it the terminal itself. */
  needles: SecretNeedles | undefined;
  onStarted?(pid: number): void;
}

const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2", "SIGWINCH", "SIGCONT"] as const;
/** A daemon that the program left behind holds its output open: it must not keep us. */
const lastOutputMs = 2_000;
/** The terminal sends these to the program itself: it must not get them twice. */
const sentByTerminal = new Set<NodeJS.Signals>(["SIGINT", "SIGQUIT", "SIGWINCH", "SIGCONT"]);

/**
 * Runs a program to its end with our stdin, passes signals on, and resolves with its exit code: 128 and the signal's
 * number when one ended it, as shells count. Throws AppError `not_found` when there is no such program.
 */
export async function runChild(options: ChildOptions): Promise<number> {
  const output = options.needles === undefined ? "inherit" : "pipe";
  const child = spawn(options.command, options.arguments, {
    env: { ...options.environment },
    stdio: ["inherit", output, output],
  });
  const release = passSignalsOn(child);
  try {
    const written = options.needles === undefined ? [] : pipeMasked(child, options.needles);
    if (child.pid !== undefined) options.onStarted?.(child.pid);
    const code = await waitForEnd(child, options.command);
    await Promise.race([Promise.all(written), sleep(lastOutputMs, undefined, { ref: false })]);
    return code;
  } finally {
    release();
  }
}

function passSignalsOn(child: ChildProcess): () => void {
  const handlers = passedOn.map((signal) => {
    const handler = (): void => {
      if (!(process.stdin.isTTY && sentByTerminal.has(signal))) child.kill(signal);
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  return () => handlers.forEach(({ signal, handler }) => process.off(signal, handler));
}

function pipeMasked(child: ChildProcess, needles: SecretNeedles): Promise<void>[] {
  const ways = [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const;
  return ways.map(async ([from, to]) => {
    if (from === null) return;
    const redactor = createRedactor(needles);
    // Whoever reads us has gone: the program has to notice it as if it wrote there itself.
    to.once("error", () => from.destroy());
    from.once("error", () => redactor.end());
    from.pipe(redactor);
    for await (const chunk of redactor) {
      if (!to.write(chunk as Buffer)) await new Promise((resolve) => to.once("drain", resolve).once("error", resolve));
    }
  });
}

function waitForEnd(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(explainStart(error, command)));
    child.once("exit", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0))),
    );
  });
}

function explainStart(error: Error, command: string): AppError {
  const isMissing = hasErrorCode(error, "ENOENT");
  return new AppError("not_found", isMissing ? `There is no program ${command}.` : `${command} could not be started.`, {
    hint: isMissing
      ? "Check its spelling and the PATH; for a shell's own words write: -- sh -c '…'"
      : "Look at who may run the file.",
    cause: error,
  });
}
