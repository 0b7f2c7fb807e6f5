import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createRequestHandler, type HttpRequestOptions } from "./http-request.ts";
import { LoadShedder } from "./load-shedder.ts";
import { makeRoomBelow } from "./silent-connections.ts";
import type { StandingStreams } from "./standing-streams.ts";

export interface HttpServerOptions extends HttpRequestOptions {
  maxConnections: number;
  standing: StandingStreams;
  /** Ends the standing streams as their protocol wants it. */
  endStreams(): Promise<void>;
}

export interface RunningHttpServer {
  url: string;
  port: number;
  /** Stops taking new work, lets calls finish for `graceMs`, then closes what is left. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

/** File descriptors kept for stores, logs and vendors when the system's limit is low. */
const reservedDescriptors = 40;

/** How long the last bytes of standing streams may take. */
const flushMs = 500;

/** Node's defaults hold a client that drips headers for 90 s and one that drips its body for ever. */
const timeouts = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 15_000,
};

export async function listenHttp(options: HttpServerOptions, host: string, port: number): Promise<RunningHttpServer> {
  const handle = createRequestHandler(options);
  const shedder = new LoadShedder();
  const { standing } = options;
  let draining = false;
  let active = 0;
  const countWork = (): number => active - standing.size;

  const server = createServer({ ...timeouts, maxHeaderSize: 16_384, noDelay: true }, (request, response) => {
    active++;
    response.once("close", () => active--);
    handle(request, response, { draining, accepts: (isRoute) => shedder.accepts(isRoute) });
  });
  server.maxConnections = Math.min(options.maxConnections, descriptorLimit() - reservedDescriptors);
  makeRoomBelow(server, server.maxConnections);
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const hostInUrl = host.includes(":") ? `[${host}]` : host;

  return {
    url: `http://${hostInUrl}:${address.port}`,
    port: address.port,
    async drain(graceMs) {
      draining = true;
      const until = performance.now() + graceMs;
      while (countWork() > 0 && performance.now() < until) await delay(25);
      await Promise.race([options.endStreams(), delay(flushMs)]);
      const flushedAt = performance.now() + flushMs;
      while (active > 0 && performance.now() < flushedAt) await delay(5);
      await closeServer(server, shedder);
    },
    close: () => closeServer(server, shedder),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

function closeServer(server: Server, shedder: LoadShedder): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  shedder.stop();
  server.close(() => resolve());
  server.closeAllConnections();
  return promise;
}

/** The process's limit of open files, where the system tells it. */
function descriptorLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return line?.[1] === undefined ? 4_096 : Number(line[1]);
  } catch {
    return 4_096;
  }
}
