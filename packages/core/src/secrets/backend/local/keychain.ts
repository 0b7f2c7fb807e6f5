import { AppError } from "../../../errors/app-error.ts";
import { findExecutable } from "../providers/find-executable.ts";
import { runCommand, type CommandResult } from "../providers/run-command.ts";

/** The operating system's own store of passwords. Every call throws AppError `unavailable` while it is locked or away. */
export interface Keychain {
  name: string;
  read(account: string): Promise<string | undefined>;
  write(account: string, secret: string): Promise<void>;
  remove(account: string): Promise<void>;
}

export interface KeychainSearch {
  platform: NodeJS.Platform;
  /** For the child: PATH, HOME and the session's D-Bus address. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** A keychain may ask a person to unlock it; a start must not wait for somebody who is not there. */
const timeoutMs = 10_000;
const service = "sophia-secrets";
const kept = ["PATH", "HOME", "USER", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY"];

/** The keychain of this machine, when its program is installed. Whether it works shows at the first call. */
export function findKeychain(search: KeychainSearch): Keychain | undefined {
  const program = search.platform === "darwin" ? "security" : "secret-tool";
  if (search.platform !== "darwin" && search.platform !== "linux") return undefined;
  const file = findExecutable(program, search.environment["PATH"]);
  if (file === undefined) return undefined;
  const environment = Object.fromEntries(
    kept.flatMap((name) => (search.environment[name] === undefined ? [] : [[name, search.environment[name]]])),
  );
  const run = (parameters: readonly string[], input?: string): Promise<CommandResult> =>
    runCommand({ file, parameters, environment, timeoutMs, ...(input !== undefined && { input }) });
  return program === "security" ? createMacKeychain(run) : createSecretService(run);
}

type Run = (parameters: readonly string[], input?: string) => Promise<CommandResult>;

const macNotFound = 44;

/** `security` takes the secret on its command line; only its interactive mode reads the whole command from stdin. */
function createMacKeychain(run: Run): Keychain {
  return {
    name: "macos",
    async read(account) {
      const result = await run(["find-generic-password", "-s", service, "-a", account, "-w"]);
      if (result.exitCode === macNotFound) return undefined;
      return succeeded("macos", result).stdout.trim();
    },
    async write(account, secret) {
      const command = `add-generic-password -U -s ${service} -a ${account} -w ${secret}\n`;
      succeeded("macos", await run(["-i"], command));
    },
    async remove(account) {
      await run(["delete-generic-password", "-s", service, "-a", account]);
    },
  };
}

/** The Secret Service of GNOME and KDE through libsecret's `secret-tool`, which reads the secret from stdin. */
function createSecretService(run: Run): Keychain {
  const attributes = (account: string): string[] => ["service", service, "account", account];
  return {
    name: "secret-service",
    async read(account) {
      const result = await run(["lookup", ...attributes(account)]);
      // An entry that is not there is silent; a locked or absent service says so on stderr.
      if (result.exitCode === 1 && result.stderr.trim() === "") return undefined;
      return succeeded("secret-service", result).stdout.trim();
    },
    async write(account, secret) {
      succeeded("secret-service", await run(["store", "--label=Sophia secrets", ...attributes(account)], secret));
    },
    async remove(account) {
      await run(["clear", ...attributes(account)]);
    },
  };
}

function succeeded(name: string, result: CommandResult): CommandResult {
  if (result.exitCode === 0) return result;
  throw new AppError("unavailable", `The keychain ${name} refused.`, {
    hint: "Unlock it, then try again.",
    cause: new Error(`exit code ${result.exitCode}`),
  });
}
