import { spawn } from "node:child_process";
import { AppError } from "../../../errors/app-error.ts";

export interface Command {
  /** Absolute path: nothing is looked up in a folder somebody else may write to. */
  file: string;
  /** Visible to every user of the machine: never a secret. */
  parameters: readonly string[];
  /** All that the child gets. Readable by this user only. */
  environment: Readonly<Record<string, string>>;
  /** Written to stdin. */
  input?: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface CommandResult {
  exitCode: number;
  stdout: string;
  /** For decisions only: a program may quote a secret in it. */
  stderr: string;
}

const maximumOutputBytes = 1024 * 1024;

/**
 * Runs a program to its end, without a shell. Throws AppError `timeout` at the deadline, `upstream` for more than 1 MiB
 * of output, `unavailable` when it cannot be started. No error quotes what the program said.
 */
export function runCommand(command: Command): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.parameters, {
      env: { ...command.environment },
      stdio: ["pipe", "pipe", "pipe"],
      shell: false,
      windowsHide: true,
      // A group of its own, so that what it starts ends with it.
      detached: true,
    });
    let settled = false;
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[], bytes: 0 };
    const stop = (error: Error): void => {
      killGroup(child.pid);
      child.kill("SIGKILL");
      settle(() => reject(error));
    };
    const timer = setTimeout(() => stop(tooSlow(command)), command.timeoutMs);
    const cancel = (): void => stop(tooSlow(command));
    command.signal?.addEventListener("abort", cancel, { once: true });
    if (command.signal?.aborted) cancel();
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (chunk: Buffer) => {
        output.bytes += chunk.length;
        if (output.bytes > maximumOutputBytes) stop(tooMuch(command));
        else output[name].push(chunk);
      });
    }
    // A program that does not read its input is no failure of ours.
    child.stdin.on("error", () => undefined);
    child.stdin.end(command.input ?? "");
    child.once("error", (error) => stop(notStarted(command, error)));
    child.once("close", (code) => {
      settle(() =>
        resolve({
          exitCode: code ?? -1,
          stdout: Buffer.concat(output.stdout).toString("utf8"),
          stderr: Buffer.concat(output.stderr).toString("utf8"),
        }),
      );
    });

    function settle(finish: () => void): void {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      command.signal?.removeEventListener("abort", cancel);
      finish();
    }
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function programOf({ file }: Command): string {
  return file.slice(file.lastIndexOf("/") + 1);
}

function tooSlow(command: Command): AppError {
  return new AppError("timeout", `${programOf(command)} did not finish within ${command.timeoutMs} ms.`, {
    hint: "It may be waiting for somebody to sign in or to unlock something.",
  });
}

function tooMuch(command: Command): AppError {
  return new AppError("upstream", `${programOf(command)} answered more than ${maximumOutputBytes} bytes.`, {
    hint: "Ask it for less.",
    retryable: false,
  });
}

function notStarted(command: Command, cause: Error): AppError {
  return new AppError("unavailable", `${programOf(command)} could not be started.`, {
    hint: "Check that it is installed and may be run by this user.",
    cause,
    retryable: false,
  });
}
