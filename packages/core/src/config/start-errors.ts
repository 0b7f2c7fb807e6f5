import { AppError } from "../errors/app-error.ts";

/** Where a process stands when it starts: what an error of the system can be blamed on. */
export interface StartPlace {
  dataDir: string;
  host: string;
}

const fileReasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not read or write it",
  EPERM: "this user may not change it",
  EEXIST: "there is a file where a folder belongs",
  ENOTDIR: "there is a file where a folder belongs",
  EISDIR: "there is a folder where a file belongs",
  EROFS: "its file system is read-only",
  ELOOP: "its links lead in a circle",
};

/** The system has no such address, or does not know the name. */
const addressCodes = new Set(["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAFNOSUPPORT", "EINVAL"]);

/**
 * Makes an error of the system that stops a start into one message with the cause and the fix: a file or folder of
 * the data directory that cannot be used, an address or a port that cannot be listened on. Anything else stays.
 */
export function toStartError(thrown: unknown, place: StartPlace): unknown {
  const { path, port, address, hostname } = readDetails(thrown);
  if (path !== undefined && isBelow(path, place.dataDir)) return toFileError(thrown, path);
  if (port !== undefined && address === place.host) return toListenError(thrown, place.host, port);
  if (hostname === place.host) return toListenError(thrown, place.host, 0);
  return thrown;
}

/** `not_configured` that names `path` when its content or its rights are the cause; anything else unchanged. */
export function toFileError(thrown: unknown, path: string): unknown {
  const reason = fileReasons[readDetails(thrown).code];
  if (reason === undefined) return thrown;
  return new AppError("not_configured", `${path} cannot be used: ${reason}.`, {
    hint: "Give it to the user that runs Sophia, move it away, or set SOPHIA_DATA_DIR to another folder.",
    cause: thrown,
  });
}

/** Why nobody can listen at this place, apart from another program that does. */
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
  if (code === "EADDRINUSE") {
    return new AppError("unavailable", `Port ${port} is taken by another program.`, {
      hint: "Stop it, or choose another port with SOPHIA_PORT_….",
      cause: thrown,
    });
  }
  return thrown;
}

export function hasErrorCode(thrown: unknown, code: string): boolean {
  return readDetails(thrown).code === code;
}

interface SystemDetails {
  code: string;
  path?: string;
  port?: number;
  address?: string;
  hostname?: string;
}

function readDetails(thrown: unknown): SystemDetails {
  if (!(thrown instanceof Error) || !("code" in thrown) || typeof thrown.code !== "string") return { code: "" };
  return {
    code: thrown.code,
    ...("path" in thrown && typeof thrown.path === "string" && { path: thrown.path }),
    ...("port" in thrown && typeof thrown.port === "number" && { port: thrown.port }),
    ...("address" in thrown && typeof thrown.address === "string" && { address: thrown.address }),
    ...("hostname" in thrown && typeof thrown.hostname === "string" && { hostname: thrown.hostname }),
  };
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
