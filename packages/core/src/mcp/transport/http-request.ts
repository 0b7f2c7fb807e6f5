import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import { formatCommand, formatConnectCommand } from "../../config/command-line.ts";
import { errorKinds, toAppError } from "../../errors/app-error.ts";
import type { Caller } from "../../approval/caller.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { HttpRoute } from "../platform.ts";
import { sendJson } from "./direct-endpoint.ts";
import { goneSignal } from "./gone-signal.ts";
import { createEdgeGuard } from "./guards.ts";
import { sendJsonRpcError } from "./json-rpc-error.ts";
import type { createMcpEndpoint } from "./mcp-endpoint.ts";
import { readBody } from "./read-body.ts";
import { challengeHeader, proofHeader, type Prove } from "./server-proof.ts";

export interface HttpRequestOptions {
  mcp: ReturnType<typeof createMcpEndpoint>;
  routes: readonly HttpRoute[];
  allowedHosts: readonly string[];
  maxBodyBytes: number;
  /** Resolves the bearer (absent when none was sent); undefined means 401. */
  authenticate(bearer: string | undefined): Promise<Caller | undefined>;
  /** Records a refused bearer; false when this address has failed too often lately. */
  recordFailure(remoteAddress: string): boolean;
  health: Record<"/livez" | "/readyz" | "/healthz", () => Promise<{ ok: boolean; body: unknown }>>;
  /** Proves whose server this is to a local client, before that one shows its bearer. */
  prove?: Prove;
  metrics: Pick<Metrics, "text" | "contentType">;
  onRefusal(reason: string): void;
  newRequestId(): string;
  log: Logger;
}

/** What the server knows of its own load when a request comes. */
export interface Admission {
  draining: boolean;
  /** Asked once, for what may be refused. */
  accepts(isRoute: boolean): boolean;
}

const retryAfter = { "retry-after": "1" };

interface Admitted {
  request: IncomingMessage;
  response: ServerResponse;
  path: string;
  route: HttpRoute | undefined;
  caller: Caller;
}

/** Host → health → load → route → bearer → body → endpoint: what happens to every request, in this order. */
export function createRequestHandler(options: HttpRequestOptions) {
  const guard = createEdgeGuard(options.allowedHosts);
  const routes = new Map(options.routes.map((route) => [`${route.method} ${route.path}`, route]));

  async function handle(request: IncomingMessage, response: ServerResponse, admission: Admission): Promise<void> {
    const fault = guard(request);
    if (fault !== undefined) {
      options.onRefusal("host");
      sendJsonRpcError(response, { status: 403, code: -31_001, message: fault });
      return;
    }
    const path = pathOf(request.url ?? "/");
    if (path === "/livez" || path === "/readyz" || path === "/healthz") {
      answerChallenge(options, request, response);
      await sendHealth(options, path, admission.draining, response);
      return;
    }
    const route = routes.get(`${request.method} ${path}`);
    if (admission.draining || (path !== "/metrics" && !admission.accepts(route !== undefined))) {
      refuseForLoad(options, response, admission);
      return;
    }
    // Any answer but a plain 404 on the OAuth discovery paths makes Cursor ignore its configured headers.
    if (path !== "/mcp" && path !== "/metrics" && !route) {
      sendJson(response, describeNothing(options.routes, request, path), 404);
      return;
    }
    const caller = await authenticateRequest(options, request, response);
    if (caller) await serve(options, { request, response, path, route, caller });
  }

  return function handleRequest(request: IncomingMessage, response: ServerResponse, admission: Admission): void {
    handle(request, response, admission).catch((thrown: unknown) => failRequest(options, response, thrown));
  };
}

/** A program that took a wrong turn below a route's folder is told, in the shape of those routes, what there is. */
function describeNothing(routes: readonly HttpRoute[], { method }: IncomingMessage, path: string): string {
  const folder = path.slice(0, path.indexOf("/", 1) + 1);
  const near = folder === "" ? [] : routes.filter((route) => route.path.startsWith(folder));
  if (near.length === 0) return '{"error":"There is nothing here."}';
  const known = near.map((route) => `${route.method} ${route.path}`).join(", ");
  const message = `There is no ${method} ${path.slice(0, 100)} here. There is: ${known}.`;
  return JSON.stringify({ error: { message, param: null, type: "invalid_request_error", code: "unknown_url" } });
}

async function serve(options: HttpRequestOptions, call: Admitted): Promise<void> {
  const { request, response, caller } = call;
  if (!caller.scopes.includes("read")) {
    options.onRefusal("scope");
    const message = "This token only approves plans. A caller's token needs the scope read.";
    sendJsonRpcError(response, { status: 403, code: -31_006, message });
    return;
  }
  if (call.path === "/metrics") {
    response.writeHead(200, { "content-type": options.metrics.contentType }).end(await options.metrics.text());
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
  if (call.route) await runRoute(options, call.route, { request, response, caller, body: body.bytes });
  else await options.mcp.post(request, response, caller, body.bytes);
}

function refuseForLoad(options: HttpRequestOptions, response: ServerResponse, { draining }: Admission): void {
  options.onRefusal(draining ? "draining" : "load");
  response.setHeader("connection", draining ? "close" : "keep-alive");
  const message = draining ? "The server is shutting down." : "The server is busy.";
  sendJsonRpcError(response, { status: 503, code: -31_003, message, headers: retryAfter });
}

function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

function answerChallenge({ prove }: HttpRequestOptions, request: IncomingMessage, response: ServerResponse): void {
  const challenge = request.headers[challengeHeader];
  if (prove === undefined || typeof challenge !== "string" || !/^[0-9a-f]{64}$/.test(challenge)) return;
  const { localAddress: address, localPort: port } = request.socket;
  response.setHeader(proofHeader, prove(challenge, { address, port }));
}

async function sendHealth(
  options: HttpRequestOptions,
  path: "/livez" | "/readyz" | "/healthz",
  draining: boolean,
  response: ServerResponse,
): Promise<void> {
  const report = await options.health[path]();
  const ok = report.ok && !(draining && path === "/readyz");
  sendJson(response, JSON.stringify(report.body), ok ? 200 : 503);
}

async function authenticateRequest(
  options: HttpRequestOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Caller | undefined> {
  const header = request.headers.authorization ?? "";
  const bearer = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(header)?.[1];
  const caller = await options.authenticate(bearer);
  if (caller) return caller;
  options.onRefusal("unauthenticated");
  const remote = request.socket.remoteAddress ?? "";
  if (bearer !== undefined && !options.recordFailure(remote)) {
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
    message: `A valid bearer token for this server is needed: run \`${formatConnectCommand()}\`, or make one with \`${formatCommand("token create --name my-app")}\`.`,
    headers: { "www-authenticate": 'Bearer realm="sophia"' },
  });
  return undefined;
}

async function runRoute(
  options: HttpRequestOptions,
  route: HttpRoute,
  call: { request: IncomingMessage; response: ServerResponse; caller: Caller; body: Buffer },
): Promise<void> {
  const { controller, release } = goneSignal(call.response);
  await route.handle({ ...call, requestId: options.newRequestId(), signal: controller.signal });
  // A route that streams on after its promise has settled would miss the client's leaving: they all await their end.
  release();
}

function failRequest(options: HttpRequestOptions, response: ServerResponse, thrown: unknown): void {
  const error = toAppError(thrown);
  options.log[errorKinds[error.kind].logged ? "error" : "debug"]({ err: thrown }, "request failed");
  if (response.headersSent) {
    response.destroy();
    return;
  }
  sendJsonRpcError(response, { status: errorKinds[error.kind].httpStatus, code: -31_000, message: error.message });
}
