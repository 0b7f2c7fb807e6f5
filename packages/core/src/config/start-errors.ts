import { AppError } from "../errors/app-error.ts";

const chooseOther = "or set SOPHIA_DATA_DIR to another folder";
const giveToUser = `Give it to the user that runs Sophia, ${chooseOther}.`;
const moveAway = `Move it away, ${chooseOther}.`;
const makeRoom = `Free some space there, ${chooseOther}.`;

const fileReasons: Readonly<Record<string, { reason: string; hint: string }>> = {
  EACCES: { reason: "this user may not read or write it", hint: giveToUser },
  EPERM: { reason: "this user may not change it", hint: giveToUser },
  EEXIST: { reason: "there is a file where a folder belongs", hint: moveAway },
  ENOTDIR: { reason: "there is a file where a folder belongs", hint: moveAway },
  EISDIR: { reason: "there is a folder where a file belongs", hint: moveAway },
  EROFS: { reason: "its file system is read-only", hint: `Make it writable, ${chooseOther}.` },
  ELOOP: { reason: "its links lead in a circle", hint: moveAway },
  ENOENT: { reason: "no folder can be made there", hint: "Set SOPHIA_DATA_DIR to another folder." },
  ENOSPC: { reason: "its disk is full", hint: makeRoom },
  EDQUOT: { reason: "this user's share of its disk is used up", hint: makeRoom },
};

/** The system has no such address, or does not know the name. */
const addressCodes = new Set(["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAFNOSUPPORT", "EINVAL"]);

/**
 * Makes what stops a start into one message with the cause and the fix: a file or folder of the data directory that
 * cannot be used, a store that is damaged, an address or a port that cannot be listened on. Anything else stays.
 */
export function toStartError(thrown: unknown, dataDir: string | undefined): unknown {
  if (thrown instanceof AppError) return isLasting(thrown) ? toConfigurationError(thrown) : thrown;
  const { path, syscall, address, port } = readDetails(thrown);
  if (path !== undefined && dataDir !== undefined && isBelow(path, dataDir)) return toFileError(thrown, path);
  if (syscall === "listen" && address !== undefined) return toListenError(thrown, address, port ?? 0);
  return thrown;
}

/** At a start, what no waiting mends is a matter of configuration: starting again would only repeat it. */
function isLasting(error: AppError): boolean {
  return error.kind === "unavailable" && !error.retryable;
}

function toConfigurationError({ message, hint, cause }: AppError): AppError {
  return new AppError("not_configured", message, { cause, ...(hint !== undefined && { hint }) });
}

/** `not_configured` that names the place when its content, its rights or its disk are the cause; anything else unchanged. */
export function toFileError(thrown: unknown, place: string): unknown {
  const known = fileReasons[readDetails(thrown).code];
  if (known === undefined) return thrown;
  return new AppError("not_configured", `${place} cannot be used: ${known.reason}.`, {
    hint: known.hint,
    cause: thrown,
  });
}

/** Why nobody can listen at this place. */
export function toListenError(thrown: unknown, host: string, port: number): unknown {
  const { code } = readDetails(thrown);
  if (addressCodes.has(code)) {
    return new AppError("not_configured", `This machine has no address ${host} to listen on.`, {
      hint: "Set SOPHIA_HOST to 127.0.0.1 (this machine only), 0.0.0.0 (everywhere) or an address that it has.",
      cause: thrown,
    });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new AppError("not_configured", `This user may not listen on port ${port}.`, {
      hint: "Ports below 1024 are for privileged programs: choose another one with SOPHIA_PORT_….",
      cause: thrown,
    });
  }
  if (code === "EADDRINUSE") return portTaken(port, "another program");
  return thrown;
}

export function portTaken(port: number, owner: string): AppError {
  return new AppError("unavailable", `Port ${port} is taken by ${owner}.`, {
    hint: "Stop it, or choose another port with SOPHIA_PORT_….",
  });
}

export function hasErrorCode(thrown: unknown, code: string): boolean {
  return readDetails(thrown).code === code;
}

interface SystemDetails {
  code: string;
  path?: string;
  syscall?: string;
  address?: string;
  port?: number;
}

function readDetails(thrown: unknown): SystemDetails {
  if (!(thrown instanceof Error) || !("code" in thrown) || typeof thrown.code !== "string") return { code: "" };
  return {
    code: thrown.code,
    ...("path" in thrown && typeof thrown.path === "string" && { path: thrown.path }),
    ...("syscall" in thrown && typeof thrown.syscall === "string" && { syscall: thrown.syscall }),
    ...("address" in thrown && typeof thrown.address === "string" && { address: thrown.address }),
    ...("port" in thrown && typeof thrown.port === "number" && { port: thrown.port }),
  };
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
