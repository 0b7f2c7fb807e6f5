import { hash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { environmentRoutes } from "./environment-routes.ts";
import { createEscFaultSwitch, type EscFault, type EscFaultSwitch } from "./fault-switch.ts";
import { openingRoutes } from "./opening-routes.ts";
import type { RestBackend } from "./rest-backend.ts";
import type { RestAnswer, RestContext, Route } from "./rest-context.ts";
import { RestError, toRestError } from "./rest-error.ts";
import { revisionRoutes } from "./revision-routes.ts";
import { createSessions } from "./sessions.ts";
import { tagRoutes } from "./tag-routes.ts";

export interface EscServerOptions<Environment> {
  backend: RestBackend<Environment>;
  /** An environment as the REST contract shows it. */
  toWire(environment: Environment): unknown;
  organisation: string;
  /** Required as `Authorization: token …`. */
  token: string;
  user?: string;
  /** Default: any free port. */
  port?: number;
  /** Wall clock, milliseconds. */
  now?: () => number;
  /** Sees every answer that a fault did not replace, e.g. to hold it against the specification. */
  onAnswer?: (exchange: EscExchange) => void;
}

export interface EscExchange {
  method: string;
  /** Without the query. */
  path: string;
  status: number;
  headers: Readonly<Record<string, string>>;
  body: string;
}

export interface EscServer {
  /** Without a path: what PULUMI_BACKEND_URL would be. */
  url: string;
  faults: EscFaultSwitch;
  /** `METHOD /path` of each request so far, the newest 2,000. */
  requests(): readonly string[];
  close(): Promise<void>;
}

const bodyLimitBytes = 4 * 1024 * 1024;
const requestsKept = 2_000;

/**
 * The REST contract of Pulumi ESC on loopback, over any store of environments. It is not Pulumi Cloud, and says so in
 * the header `x-sophia-simulated`. https://www.pulumi.com/docs/reference/cloud-rest-api/environments/
 */
export async function startEscServer<Environment>(options: EscServerOptions<Environment>): Promise<EscServer> {
  const faults = createEscFaultSwitch();
  const requests: string[] = [];
  const handle = createHandler({ options, faults, requests });
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  server.unref();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    requests: () => requests,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function createHandler<Environment>(server: {
  options: EscServerOptions<Environment>;
  faults: EscFaultSwitch;
  requests: string[];
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { options, faults, requests } = server;
  const context = createContext(options);
  const find = createRouter<Environment>([
    ...tagRoutes<Environment>(),
    ...openingRoutes<Environment>(),
    ...revisionRoutes<Environment>(),
    ...environmentRoutes<Environment>(),
    { method: "GET", path: "/user", run: describeUser },
  ]);

  return async (request, response) => {
    const { method = "", url = "", headers } = request;
    const seen = `${method} ${url.split("?")[0]}`;
    requests.push(seen);
    if (requests.length > requestsKept) requests.shift();
    response.setHeader("x-sophia-simulated", "1");
    try {
      if (!isAuthorised(headers.authorization, options.token)) throw new RestError(401, "Unauthorized: no valid token");
      const body = await readBody(request);
      const fault = faults.take(seen);
      if (fault !== undefined && (await suffer(fault, response))) return;
      const { route, parameters, query } = find(method, url);
      if (parameters["organisation"] !== undefined && parameters["organisation"] !== context.organisation) {
        throw new RestError(404, "Not Found: organization");
      }
      const answer = await route.run({ parameters, query, headers, body }, context);
      options.onAnswer?.(toExchange(method, url, answer));
      await send(response, answer, fault);
    } catch (thrown) {
      const { status, message, diagnostics } = toRestError(thrown);
      const json = { code: status, message, ...(diagnostics !== undefined && { diagnostics }) };
      if (status !== 401) options.onAnswer?.(toExchange(method, url, { status, json }));
      await send(response, { status, json }, undefined);
    }
  };
}

function createContext<Environment>(options: EscServerOptions<Environment>): RestContext<Environment> {
  const now = options.now ?? Date.now;
  return {
    backend: options.backend,
    organisation: options.organisation,
    user: options.user ?? "simulated",
    toWire: (environment) => options.toWire(environment),
    sessions: createSessions(now),
    now,
    rotations: [],
  };
}

function toExchange(method: string, url: string, { status, headers, yaml, json }: RestAnswer): EscExchange {
  const path = (url.split("?")[0] ?? "").replaceAll(/\/{2,}/g, "/");
  const contentType = yaml === undefined ? "application/json" : "application/x-yaml";
  const body = yaml ?? (json === undefined ? "" : JSON.stringify(json));
  return {
    method,
    path,
    status,
    headers: { ...headers, ...(status !== 204 && { "content-type": contentType }) },
    body,
  };
}

type Found<Environment> = {
  route: Route<Environment>;
  parameters: Record<string, string>;
  query: URLSearchParams;
};

function createRouter<Environment>(routes: readonly Route<Environment>[]) {
  const table = routes.map((route) => ({ route, segments: route.path.split("/").slice(1) }));

  return function find(method: string, url: string): Found<Environment> {
    const [path = "", search = ""] = url.split("?");
    // The SDK writes `/open//SESSION`.
    const [prefix, ...segments] = path.split("/").filter((segment) => segment !== "");
    if (prefix !== "api") throw new RestError(404, "Not Found");
    for (const { route, segments: pattern } of table) {
      const parameters = route.method === method ? matchSegments(pattern, segments) : undefined;
      if (parameters !== undefined) return { route, parameters, query: new URLSearchParams(search) };
    }
    throw new RestError(404, "Not Found");
  };
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const actual = decodeSegment(segments[index] ?? "");
    if (expected.startsWith(":")) parameters[expected.slice(1)] = actual;
    else if (expected !== actual) return undefined;
  }
  return parameters;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new RestError(400, "Bad Request: the path is not well encoded");
  }
}

/** Compared as digests: neither length nor content of the right token shows in the time it takes. */
function isAuthorised(header: string | undefined, token: string): boolean {
  return timingSafeEqual(hash("sha256", header ?? "", "buffer"), hash("sha256", `token ${token}`, "buffer"));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) throw new RestError(413, "Request Content Too Large");
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (request.headers["content-encoding"] !== "gzip") return body.toString("utf8");
  try {
    return gunzipSync(body, { maxOutputLength: bodyLimitBytes }).toString("utf8");
  } catch {
    throw new RestError(400, "Bad Request: the body is not sound gzip");
  }
}

/** True when the answer has been given, or never will be. */
async function suffer(fault: EscFault, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case "status":
      if (fault.retryAfter !== undefined) response.setHeader("retry-after", fault.retryAfter);
      response.writeHead(fault.status, { "content-type": "application/json" });
      response.end(fault.body ?? JSON.stringify({ code: fault.status, message: "VENDOR TEXT: simulated failure" }));
      return true;
    case "reset":
      response.socket?.resetAndDestroy();
      return true;
    case "redirect":
      response.writeHead(307, { location: fault.location }).end();
      return true;
    case "body":
      response.writeHead(200, { "content-type": fault.contentType }).end(fault.text);
      return true;
    case "slow":
      await delay(fault.delayMs);
      return response.destroyed;
    case "drip":
      return false;
  }
}

async function send(response: ServerResponse, answer: RestAnswer, fault: EscFault | undefined): Promise<void> {
  const { status, headers, yaml, json } = answer;
  const isYaml = yaml !== undefined;
  const bytes = Buffer.from(isYaml ? yaml : json === undefined ? "" : JSON.stringify(json));
  response.writeHead(status, {
    ...headers,
    ...(status !== 204 && {
      "content-type": isYaml ? "application/x-yaml" : "application/json",
      "content-length": bytes.length,
    }),
  });
  if (fault?.kind === "drip") {
    for (let at = 0; at < bytes.length && !response.destroyed; at++) {
      response.write(bytes.subarray(at, at + 1));
      await delay(fault.everyMs);
    }
  }
  response.end(fault?.kind === "drip" ? undefined : bytes);
}

function describeUser<Environment>(_request: unknown, { user, organisation }: RestContext<Environment>) {
  const person = { githubLogin: user, name: user, avatarUrl: "" };
  const organizations = [{ githubLogin: organisation, name: organisation, avatarUrl: "" }];
  return Promise.resolve({ status: 200, json: { id: user, ...person, email: "", organizations, identities: [] } });
}
