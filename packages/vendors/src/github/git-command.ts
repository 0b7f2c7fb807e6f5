import { execFile } from "node:child_process";
import { AppError } from "@sophia/core/errors/app-error";
import type { RepositoryLocation } from "./repository-path.ts";

export interface GitCommandOptions {
  /** The git executable: a name looked up in the usual system folders, or an absolute path. */
  executable: string;
  timeoutMs: number;
  maximumOutputBytes: number;
}

export interface GitCall {
  arguments: readonly string[];
  /** Configuration for this call only, beside the fixed one. */
  overrides?: readonly (readonly [string, string])[];
  signal?: AbortSignal | undefined;
  /** What the command reads from its standard input. */
  input?: string;
  /** An index of its own, so that a commit can be made without touching the person's. */
  indexFile?: string;
  /** Exit codes that are an answer, not a failure: `git config --get-regexp` ends with 1 when nothing matches. */
  acceptExitCodes?: readonly number[];
}

/**
 * A repository is data, yet its configuration names programs. Every one that a reading command could start is
 * switched off here: hooks, the file system monitor, signature checks, external diffs, and any transport (a partial
 * clone fetches missing objects by itself). https://git-scm.com/docs/git-config
 */
const fixedConfiguration: readonly (readonly [string, string])[] = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["core.sshCommand", "false"],
  ["core.pager", "cat"],
  ["core.quotePath", "false"],
  ["core.bare", "false"],
  ["log.showSignature", "false"],
  ["status.submoduleSummary", "false"],
  ["protocol.allow", "never"],
  ["protocol.ext.allow", "never"],
  ["credential.helper", ""],
  ["color.ui", "false"],
];

/** The child gets nothing of our environment: no token to leak, no GIT_* variable to be steered by. */
const fixedEnvironment = {
  PATH: "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin",
  LC_ALL: "C",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ATTR_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_ALLOW_PROTOCOL: "",
  GIT_SSH_COMMAND: "false",
  GIT_PAGER: "cat",
} as const;

/** Configuration by environment, because `-c` cannot carry a key that holds "=" (a hostile filter name may). */
function configurationEnvironment(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const environment: Record<string, string> = { GIT_CONFIG_COUNT: String(pairs.length) };
  for (const [index, [key, value]] of pairs.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}

function toGitError(error: NodeJS.ErrnoException & { killed?: boolean }, options: GitCommandOptions): AppError {
  const shared = { service: "github", cause: error };
  if (error.code === "ENOENT") {
    return new AppError("not_configured", "The git program was not found.", {
      ...shared,
      hint: "Install git 2.36 or newer, or name it in SOPHIA_INFRA_GIT.",
    });
  }
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") {
    return new AppError("upstream", `Git answered more than ${options.maximumOutputBytes} bytes.`, {
      ...shared,
      hint: "Ask for less: fewer commits, or one branch.",
      retryable: false,
    });
  }
  if (error.name === "AbortError" || error.killed === true) {
    return new AppError("timeout", `Git did not finish within ${options.timeoutMs} ms.`, {
      ...shared,
      hint: "The repository may be very large or on a slow disk; try again, or ask for less.",
    });
  }
  return new AppError("upstream", "Git refused to read this repository.", {
    ...shared,
    hint: "Run git status there by hand; the log holds what git said.",
    retryable: false,
  });
}

/** Runs one git command on what is in the repository: no shell, no hook, no network, no inherited environment; deadline and output cap. */
export async function runGit(
  repository: RepositoryLocation,
  call: GitCall,
  options: GitCommandOptions,
): Promise<string> {
  const fixed = [
    "--no-pager",
    "--no-replace-objects",
    `--git-dir=${repository.gitDirectory}`,
    `--work-tree=${repository.workTree}`,
  ];
  const environment = configurationEnvironment([...fixedConfiguration, ...(call.overrides ?? [])]);
  return new Promise((resolve, reject) => {
    const child = execFile(
      options.executable,
      [...fixed, ...call.arguments],
      {
        cwd: repository.workTree,
        env: {
          ...fixedEnvironment,
          ...environment,
          ...(call.indexFile !== undefined && { GIT_INDEX_FILE: call.indexFile }),
        },
        timeout: options.timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: options.maximumOutputBytes,
        encoding: "utf8",
        shell: false,
        windowsHide: true,
        ...(call.signal ? { signal: call.signal } : {}),
      },
      (error, output) => {
        if (error === null) resolve(output);
        else if (typeof error.code === "number" && call.acceptExitCodes?.includes(error.code)) resolve(output);
        else reject(toGitError(error as NodeJS.ErrnoException & { killed?: boolean }, options));
      },
    );
    // A command that ends without reading closes the pipe: its exit code tells.
    child.stdin?.on("error", () => {});
    child.stdin?.end(call.input);
  });
}

const filterKey = /^filter\..+\.(?:clean|smudge|process|required)$/s;

/**
 * Overrides that disarm every content filter the repository configures. `status` and `diff` would otherwise run
 * `filter.<name>.clean` on each changed file, and the name is the repository's own choice.
 */
export async function disarmFilters(
  repository: RepositoryLocation,
  options: GitCommandOptions,
  signal: AbortSignal | undefined,
): Promise<(readonly [string, string])[]> {
  const listing = await runGit(repository, { arguments: ["config", "--list", "--name-only", "-z"], signal }, options);
  const keys = new Set(listing.split("\0").filter((key) => filterKey.test(key)));
  return [...keys].map((key) => [key, key.endsWith(".required") ? "false" : ""] as const);
}
