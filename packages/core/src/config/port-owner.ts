import { readFile, readdir, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { basename } from "node:path";
import { hasErrorCode, toListenError } from "./start-errors.ts";

export interface PortOwner {
  taken: boolean;
  /** The process that listens, where the system tells us. */
  pid: number | undefined;
  /** "process 4711 (node server.js)", or "another program". */
  description: string;
}

/**
 * Tries to listen on the port, and names the process that already does. Nothing stays bound. Throws AppError
 * `not_configured` when it is not another program that stands in the way.
 */
export async function findPortOwner(host: string, port: number): Promise<PortOwner> {
  try {
    await tryToListen(host, port);
    return { taken: false, pid: undefined, description: "nobody" };
  } catch (thrown) {
    if (!hasErrorCode(thrown, "EADDRINUSE")) throw toListenError(thrown, host, port);
  }
  const pid = await findListener(port);
  if (pid === undefined) return { taken: true, pid: undefined, description: "another program" };
  return { taken: true, pid, description: `process ${pid}${await readCommand(pid)}` };
}

async function tryToListen(host: string, port: number): Promise<void> {
  // A client that tries just now is turned away, as it would be a moment earlier: nobody serves this port yet.
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

/** Linux: the socket's inode from /proc/net/tcp, then the process that has it open. Elsewhere there is no answer. */
async function findListener(port: number): Promise<number | undefined> {
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const inode of listeningInodes(await readFile(table, "utf8").catch(() => ""), port)) inodes.add(inode);
  }
  if (inodes.size === 0) return undefined;
  for (const name of await readdir("/proc")) {
    if (/^\d+$/.test(name) && (await holdsSocket(name, inodes))) return Number(name);
  }
  return undefined;
}

/** Inodes of the sockets in state LISTEN (0A) on the port, from the kernel's table. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === "0A")
    .flatMap((fields) => (fields[9] === undefined ? [] : [fields[9]]));
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  // Other users' processes cannot be read; processes end while we look.
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

/** Only the program's name: arguments may hold secrets. Not `comm`, which is the name of a thread. */
async function readCommand(pid: number): Promise<string> {
  const path = await readlink(`/proc/${pid}/exe`).catch(() => "");
  return path === "" ? "" : ` (${basename(path)})`;
}
