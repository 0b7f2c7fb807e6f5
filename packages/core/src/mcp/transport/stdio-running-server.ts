import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { hasErrorCode } from "../../config/start-errors.ts";
import type { PlatformConfig } from "../../config/platform-config.ts";
import { unwrap } from "../../config/secret.ts";
import { findLockHolder } from "../../store/data-lock.ts";
import { createProver, NotOurServer, proveConnection, type Prove } from "./server-proof.ts";

export interface RunningServer {
  host: string;
  port: number;
  bearer: string;
  prove: Prove;
}

export interface RunningServerOptions {
  config: Pick<PlatformConfig, "dataDir" | "host" | "token">;
  id: string;
  port: number;
  log: Logger;
  /** How long a server whose lock is held may take to open its port. */
  startWaitMs?: number;
}

const retryMs = 250;
const connectTimeoutMs = 2_000;

/**
 * The server of this kind that already serves this data directory: `sophia up` holds the lock, and whoever has the
 * port proves to know the directory's key. Anybody else gets no bearer.
 */
export async function findRunningServer(options: RunningServerOptions): Promise<RunningServer | undefined> {
  const { config, id, port, log } = options;
  const host = config.host === "0.0.0.0" || config.host === "::" ? "127.0.0.1" : config.host;
  const until = performance.now() + (options.startWaitMs ?? 10_000);
  for (;;) {
    const holder = findLockHolder(config.dataDir, id);
    if (holder === undefined) return undefined;
    if (holder.host !== undefined && holder.host !== hostname()) {
      log.warn({ host: holder.host }, "the running server is on another host: this process serves by itself");
      return undefined;
    }
    try {
      const prove = createProver(await readFile(join(config.dataDir, "plan-key")), id);
      (await openProven(host, port, prove)).destroy();
      return { host, port, prove, bearer: await readBearer(config) };
    } catch (thrown) {
      const isFinal = thrown instanceof NotOurServer || thrown instanceof NoToken || performance.now() > until;
      if (isFinal) {
        log.warn({ err: thrown, port }, "the running server cannot be reached: this process serves by itself");
        return undefined;
      }
    }
    await delay(retryMs);
  }
}

/** A connection whose other end has proven itself. */
export async function openProven(host: string, port: number, prove: Prove): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  try {
    await connected(socket);
    await proveConnection(socket, prove);
    return socket;
  } catch (thrown) {
    socket.on("error", () => {});
    socket.destroy();
    throw thrown;
  }
}

async function connected(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error("The connection was not made in time.")), connectTimeoutMs);
  socket.once("connect", resolve).once("error", reject);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.off("connect", resolve).off("error", reject);
  }
}

async function readBearer(config: Pick<PlatformConfig, "dataDir" | "token">): Promise<string> {
  if (config.token) return unwrap(config.token);
  try {
    return (await readFile(join(config.dataDir, "caller-token"), "utf8")).trim();
  } catch (thrown) {
    // It is made before any server has its port.
    if (!hasErrorCode(thrown, "ENOENT")) throw thrown;
    throw new NoToken("The running server takes the token in SOPHIA_TOKEN, which is not set here.", { cause: thrown });
  }
}

class NoToken extends Error {}
