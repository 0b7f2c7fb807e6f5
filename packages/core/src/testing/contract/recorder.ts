import { createServer, type IncomingMessage, request as sendRequest, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Exchange } from "./exchange.ts";

export interface Recorder {
  /** Stands in for the target, path and all. */
  url: string;
  /** Finished ones, in the order of their ends. */
  exchanges(): readonly Exchange[];
  close(): Promise<void>;
}

/**
 * A proxy before an HTTP server that keeps what passes. Chunks go through as they come, so streams stay streams; only
 * compression is not asked for, so that the bytes can be read.
 */
export async function startRecorder(target: string): Promise<Recorder> {
  const upstream = new URL(target);
  const kept: Exchange[] = [];
  const server = createServer((incoming, response) => forward({ upstream, incoming, response, kept }));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const path = upstream.pathname.replace(/\/$/, "");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    exchanges: () => kept,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Passage {
  upstream: URL;
  incoming: IncomingMessage;
  response: ServerResponse;
  kept: Exchange[];
}

function forward({ upstream, incoming, response, kept }: Passage): void {
  const { "accept-encoding": _compression, ...headers } = incoming.headers;
  const { method = "GET", url: path = "/" } = incoming;
  const sent: Buffer[] = [];
  const outgoing = sendRequest(
    { host: upstream.hostname, port: upstream.port, method, path, headers: { ...headers, host: upstream.host } },
    (answer) => {
      const received: Buffer[] = [];
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.on("data", (chunk: Buffer) => received.push(chunk));
      answer.pipe(response);
      answer.once("error", () => response.destroy());
      answer.once("end", () => {
        kept.push({
          method,
          path,
          requestHeaders: flatten(incoming.headers),
          requestBody: Buffer.concat(sent).toString("utf8"),
          status: answer.statusCode ?? 0,
          headers: flatten(answer.headers),
          body: Buffer.concat(received).toString("utf8"),
        });
      });
    },
  );
  outgoing.once("error", () => response.destroy());
  response.once("close", () => outgoing.destroy());
  incoming.on("data", (chunk: Buffer) => sent.push(chunk));
  incoming.pipe(outgoing);
}

function flatten(headers: IncomingMessage["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
}
