import { AppError } from "../../../errors/app-error.ts";
import { findExecutable } from "./find-executable.ts";
import { runCommand } from "./run-command.ts";

/** One vendor's command line, started anew for each value. */
export interface VendorCommand {
  /** Its output. Throws AppError `not_configured` when the program is not installed, `upstream` when it refuses. */
  run(call: VendorCall): Promise<string>;
}

export interface VendorCall {
  /** What the environment's author calls the value, for messages. */
  name: string;
  /** Visible to every user of the machine: never a secret. */
  parameters: readonly string[];
  /** Credentials go in here: only this user can look at it. */
  environment: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

const timeoutMs = 15_000;
/** What a program needs to find its way; nothing that would sign it in as somebody else. */
const kept = ["PATH", "HOME", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"];

export function createVendorCommand(options: {
  program: string;
  installPage: string;
  /** Of this process; only some of it is handed on. */
  environment: Readonly<Record<string, string | undefined>>;
}): VendorCommand {
  const { program, environment } = options;
  const inherited = Object.fromEntries(
    kept.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );

  return {
    async run(call) {
      const file = findExecutable(program, environment["PATH"]);
      if (file === undefined) throw notInstalled(program, options.installPage);
      const { exitCode, stdout } = await runCommand({
        file,
        parameters: call.parameters,
        environment: { ...inherited, ...call.environment },
        timeoutMs,
        ...(call.signal !== undefined && { signal: call.signal }),
      });
      if (exitCode === 0) return stdout;
      // Nothing of what it said: some programs repeat what they were given.
      throw new AppError("upstream", `${program} did not give the value of ${call.name}.`, {
        hint: `Run ${program} by hand with the same login to see why.`,
        cause: new Error(`exit code ${exitCode}`),
        retryable: false,
      });
    },
  };
}

function notInstalled(program: string, page: string): AppError {
  return new AppError("not_configured", `The program ${program} is not installed on this machine.`, {
    hint: `Install it (${page}) and put it on the PATH.`,
  });
}
