import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface FakeRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** An object goes out as JSON; a function may do anything with the response, down to its socket. */
export type FakeReply =
  | { status?: number; headers?: Record<string, string>; body?: unknown }
  | ((request: FakeRequest, response: ServerResponse) => void | Promise<void>);

export interface FakeUpstream {
  port: number;
  url: string;
  /** Everything that arrived, in order. */
  requests: FakeRequest[];
  /**
   * `on("GET /users", reply)`: the method and the path without its query. Several replies are given in turn and the
   * last one repeats. An expectation that is never met fails `stop`.
   */
  on(route: string, ...replies: readonly [FakeReply, ...FakeReply[]]): void;
  /** Ends the server and throws when a request came that nobody expected, or an expected one did not come. */
  stop(): Promise<void>;
}

export interface FakeUpstreamOptions {
  tls?: { key: string; cert: string };
  socketPath?: string;
}

/** A scripted HTTP server on loopback: the test states what may be asked, and anything else fails it. */
export async function startFakeUpstream(options: FakeUpstreamOptions = {}): Promise<FakeUpstream> {
  const routes = new Map<string, { replies: readonly FakeReply[]; calls: number }>();
  const requests: FakeRequest[] = [];
  const unexpected: string[] = [];

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    requests.push(request);
    const name = `${request.method} ${request.path.split("?")[0]}`;
    const route = routes.get(name);
    if (!route) {
      unexpected.push(name);
      response.writeHead(599).end("unexpected request");
      return;
    }
    const reply = route.replies[Math.min(route.calls++, route.replies.length - 1)];
    if (typeof reply === "function") await reply(request, response);
    else send(response, reply ?? {});
  }

  function handle(incoming: IncomingMessage, response: ServerResponse): void {
    // A client that goes away in the middle is part of many a test.
    answer(incoming, response).catch(() => response.destroy());
  }

  const server: Server = options.tls ? createTlsServer(options.tls, handle) : createServer(handle);
  await new Promise<void>((resolve) => {
    if (options.socketPath !== undefined) server.listen(options.socketPath, resolve);
    else server.listen(0, "127.0.0.1", resolve);
  });
  const port = options.socketPath === undefined ? (server.address() as AddressInfo).port : 0;

  return {
    port,
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
    requests,
    on(route, ...replies) {
      routes.set(route, { replies, calls: 0 });
    },
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      if (unexpected.length > 0) throw new Error(`nobody expected: ${unexpected.join(", ")}`);
      const unused = [...routes].filter(([, route]) => route.calls === 0).map(([name]) => name);
      if (unused.length > 0) throw new Error(`expected, but never asked: ${unused.join(", ")}`);
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    method: incoming.method ?? "",
    path: incoming.url ?? "",
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

function send(response: ServerResponse, reply: Exclude<FakeReply, (...values: never) => unknown>): void {
  const { status = 200, headers = {}, body = "" } = reply;
  const isRaw = typeof body === "string" || Buffer.isBuffer(body);
  const type = isRaw ? {} : { "content-type": "application/json" };
  response.writeHead(status, { ...type, ...headers }).end(isRaw ? body : JSON.stringify(body));
}
