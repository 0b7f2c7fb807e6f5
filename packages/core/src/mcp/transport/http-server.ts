import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { AppError, errorKinds, toAppError } from "../../errors/app-error.ts";
import type { Caller } from "../define-tool.ts";
import type { HttpRoute } from "../platform.ts";
import { sendJson } from "./direct-endpoint.ts";
import { createEdgeGuard } from "./guards.ts";
import { sendJsonRpcError } from "./json-rpc-error.ts";
import { LoadShedder } from "./load-shedder.ts";
import type { createMcpEndpoint } from "./mcp-endpoint.ts";
import { readBody } from "./read-body.ts";
import { makeRoomBelow } from "./silent-connections.ts";

export interface HttpServerOptions {
  mcp: ReturnType<typeof createMcpEndpoint>;
  routes: readonly HttpRoute[];
  allowedHosts: readonly string[];
  maxBodyBytes: number;
  maxConnections: number;
  /** Resolves the bearer (absent when none was sent); undefined means 401. */
  authenticate(bearer: string | undefined): Promise<Caller | undefined>;
  /** False when this address has failed too often lately. Called on failures only. */
  mayFail(remoteAddress: string): boolean;
  health: Record<"/livez" | "/readyz" | "/healthz", () => Promise<{ ok: boolean; body: unknown }>>;
  metricsText(): Promise<string>;
  onRefusal(reason: string): void;
  newRequestId(): string;
  log: Logger;
}

export interface RunningHttpServer {
  url: string;
  port: number;
  /** Stops taking new work, lets calls finish for `graceMs`, then closes what is left. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

const retryAfter = { "retry-after": "1" };
/** File descriptors kept for stores, logs and vendors when the system's limit is low. */
const reservedDescriptors = 40;

export async function listenHttp(options: HttpServerOptions, host: string, port: number): Promise<RunningHttpServer> {
  const guard = createEdgeGuard(options.allowedHosts);
  const shedder = new LoadShedder();
  const routes = new Map(options.routes.map((route) => [`${route.method} ${route.path}`, route]));
  let draining = false;
  let active = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = guard(request);
    if (fault !== undefined) {
      options.onRefusal("host");
      sendJsonRpcError(response, { status: 403, code: -31_001, message: fault });
      return;
    }
    const path = pathOf(request.url ?? "/");
    if (path === "/livez" || path === "/readyz" || path === "/healthz") {
      await sendHealth(options, path, draining, response);
      return;
    }
    if (draining || (path !== "/metrics" && !shedder.accepts(active))) {
      options.onRefusal(draining ? "draining" : "load");
      response.setHeader("connection", draining ? "close" : "keep-alive");
      const message = draining ? "The server is shutting down." : "The server is busy.";
      sendJsonRpcError(response, { status: 503, code: -31_003, message, headers: retryAfter });
      return;
    }
    const route = routes.get(`${request.method} ${path}`);
    // Any answer but a plain 404 on the OAuth discovery paths makes Cursor ignore its configured headers.
    if (path !== "/mcp" && path !== "/metrics" && !route) {
      sendJson(response, '{"error":"There is nothing here."}', 404);
      return;
    }
    const caller = await authenticateRequest(options, request, response);
    if (caller) await serve({ request, response, path, route, caller });
  }

  async function serve(call: {
    request: IncomingMessage;
    response: ServerResponse;
    path: string;
    route: HttpRoute | undefined;
    caller: Caller;
  }): Promise<void> {
    const { request, response, caller } = call;
    if (call.path === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(await options.metricsText());
      return;
    }
    if (call.path === "/mcp" && request.method !== "POST") {
      await options.mcp.other(request, response, caller);
      return;
    }
    const body = await readBody(request, options.maxBodyBytes);
    if (body.kind === "gone") return;
    if (body.kind === "too-large") {
      // The rest of the body is never read: the connection cannot be used again.
      const message = `The body is larger than ${options.maxBodyBytes} bytes.`;
      sendJsonRpcError(response, { status: 413, code: -31_002, message, headers: { connection: "close" } });
      response.once("finish", () => request.destroy());
      return;
    }
    if (!call.route) {
      await options.mcp.post(request, response, caller, body.bytes);
      return;
    }
    await runRoute(options, call.route, { request, response, caller, body: body.bytes });
  }

  const server = createServer(
    {
      // Node's defaults hold a client that drips headers for 90 s and one that drips its body for ever.
      headersTimeout: 5_000,
      requestTimeout: 15_000,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 15_000,
      maxHeaderSize: 16_384,
      noDelay: true,
    },
    (request, response) => {
      active++;
      response.once("close", () => active--);
      handle(request, response).catch((thrown: unknown) => failRequest(options, response, thrown));
    },
  );
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
      while (active > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 25));
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

function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

async function sendHealth(
  options: HttpServerOptions,
  path: "/livez" | "/readyz" | "/healthz",
  draining: boolean,
  response: ServerResponse,
): Promise<void> {
  const report = await options.health[path]();
  const ok = report.ok && !(draining && path === "/readyz");
  sendJson(response, JSON.stringify(report.body), ok ? 200 : 503);
}

async function authenticateRequest(
  options: HttpServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Caller | undefined> {
  const header = request.headers.authorization ?? "";
  const bearer = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(header)?.[1];
  const caller = await options.authenticate(bearer);
  if (caller) return caller;
  options.onRefusal("unauthenticated");
  const remote = request.socket.remoteAddress ?? "";
  if (bearer !== undefined && !options.mayFail(remote)) {
    sendJsonRpcError(response, {
      status: 429,
      code: -31_004,
      message: "Too many failed attempts.",
      headers: retryAfter,
    });
    return undefined;
  }
  sendJsonRpcError(response, {
    status: 401,
    code: -31_005,
    message: "A valid bearer token for this server is needed: run `sophia connect cursor`.",
    headers: { "www-authenticate": 'Bearer realm="sophia"' },
  });
  return undefined;
}

async function runRoute(
  options: HttpServerOptions,
  route: HttpRoute,
  call: { request: IncomingMessage; response: ServerResponse; caller: Caller; body: Buffer },
): Promise<void> {
  const controller = new AbortController();
  call.response.once("close", () => controller.abort());
  await route.handle({ ...call, requestId: options.newRequestId(), signal: controller.signal });
}

function failRequest(options: HttpServerOptions, response: ServerResponse, thrown: unknown): void {
  options.log.error({ err: thrown }, "request failed");
  const error = toAppError(thrown);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const message = error instanceof AppError ? error.message : "Something failed inside Sophia.";
  sendJsonRpcError(response, { status: errorKinds[error.kind].httpStatus, code: -31_000, message });
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
