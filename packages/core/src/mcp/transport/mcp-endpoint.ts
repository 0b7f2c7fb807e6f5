import type { IncomingMessage, ServerResponse } from "node:http";
import { classifyInboundRequest, isJsonContentType, PROTOCOL_VERSION_META_KEY } from "@modelcontextprotocol/server";
import type { Caller } from "../../approval/caller.ts";
import type { Dispatch } from "../dispatch.ts";
import type { ToolTable } from "../tool-table.ts";
import { matchDirect, type DirectRequest } from "./direct-match.ts";
import type { createDirectEndpoint } from "./direct-endpoint.ts";
import { findShapeFault } from "./json-guard.ts";
import { sendJsonRpcError } from "./json-rpc-error.ts";
import { findParamHeaderFault, mirroredArguments, type MirroredArgument } from "./param-headers.ts";
import type { RunningCalls } from "./running-calls.ts";
import type { createSdkEndpoint } from "./sdk-endpoint.ts";
import type { Sessions } from "./sessions.ts";
import type { StandingStreams } from "./standing-streams.ts";

export interface McpEndpointOptions {
  table: Pick<ToolTable<never>, "wire">;
  dispatch: Dispatch;
  direct: ReturnType<typeof createDirectEndpoint>;
  sdk: ReturnType<typeof createSdkEndpoint>;
  sessions: Sessions | undefined;
  running: RunningCalls;
  standing: StandingStreams;
}

const headerMismatch = -32_020;

/** One authenticated request to `/mcp`: the direct way where nothing else is needed, the SDK's for all the rest. */
export function createMcpEndpoint(options: McpEndpointOptions) {
  const mirrored = new Map([...options.table.wire].map(([name, tool]) => [name, mirroredArguments(tool)]));

  async function post(request: IncomingMessage, response: ServerResponse, caller: Caller, bytes: Buffer) {
    if (!isJsonContentType(request.headers["content-type"])) {
      sendJsonRpcError(response, { status: 415, code: -32_000, message: "Content-Type must be application/json" });
      return;
    }
    const body = parse(response, bytes);
    if (body === undefined) return;
    const mismatch = findMirrorFault(mirrored, request, body);
    if (mismatch) {
      const message = "Bad Request: the request headers and body disagree";
      sendJsonRpcError(response, { status: 400, code: headerMismatch, message, data: { mismatch } });
      return;
    }
    const direct = matchDirect(request.headers, body);
    if (direct && canAnswerDirectly(options, direct, caller)) await options.direct.handle(direct, caller, response);
    else await postThroughSdk(options, request, response, { caller, body });
  }

  return {
    post,
    /** GET and DELETE belong to sessions. */
    async other(request: IncomingMessage, response: ServerResponse, caller: Caller) {
      if (options.sessions !== undefined && (request.method === "GET" || request.method === "DELETE")) {
        if (request.method === "GET") options.standing.add(response);
        await options.sessions.handle(request, response, caller, undefined);
        return;
      }
      const headers = { allow: "POST" };
      sendJsonRpcError(response, { status: 405, code: -32_000, message: "Method not allowed.", headers });
    },
  };
}

function canAnswerDirectly(options: McpEndpointOptions, direct: DirectRequest, caller: Caller): boolean {
  if (direct.era === "legacy" && options.sessions !== undefined) return false;
  if (direct.method === "tools/list") return true;
  return options.dispatch.knows(direct.name, caller) && !options.dispatch.isInteractive(direct.name, direct.arguments);
}

function findMirrorFault(
  mirrored: ReadonlyMap<string, readonly MirroredArgument[]>,
  request: IncomingMessage,
  body: unknown,
) {
  const declared = mirrored.get(calledTool(body) ?? "");
  if (!declared || declared.length === 0 || request.headers["mcp-method"] === undefined) return undefined;
  return findParamHeaderFault(declared, request.headers, argumentsOf(body));
}

async function postThroughSdk(
  options: McpEndpointOptions,
  request: IncomingMessage,
  response: ServerResponse,
  { caller, body }: { caller: Caller; body: unknown },
): Promise<void> {
  const legacy = namesItsVersion(body) ? undefined : classifyLegacy(request, body);
  if (legacy === undefined) {
    if (isRecord(body) && body["method"] === "subscriptions/listen") options.standing.add(response);
    await options.sdk.serveModern(request, response, caller, body);
    return;
  }
  if (options.sessions !== undefined) {
    await options.sessions.handle(request, response, caller, body);
    return;
  }
  if (legacy.reason === "notification") {
    if (isRecord(body) && body["method"] === "notifications/cancelled" && isRecord(body["params"])) {
      options.running.cancel(caller.id, body["params"]["requestId"]);
    }
    response.writeHead(202).end();
    return;
  }
  const name = calledTool(body);
  const asStream = name !== undefined && options.dispatch.isInteractive(name, argumentsOf(body));
  await options.sdk.serveLegacy(request, response, { caller, body, asStream });
}

/** Every proper request of 2026-07-28. The SDK classifies what it is given once more, and that is dear. */
function namesItsVersion(body: unknown): body is Record<string, unknown> {
  if (!isRecord(body) || typeof body["method"] !== "string" || body["method"] === "initialize") return false;
  if (body["id"] === undefined || !isRecord(body["params"]) || !isRecord(body["params"]["_meta"])) return false;
  return Object.hasOwn(body["params"]["_meta"], PROTOCOL_VERSION_META_KEY);
}

function classifyLegacy(request: IncomingMessage, body: unknown) {
  const outcome = classifyInboundRequest({
    httpMethod: "POST",
    body,
    ...headerOf(request, "protocolVersionHeader", "mcp-protocol-version"),
    ...headerOf(request, "mcpMethodHeader", "mcp-method"),
    ...headerOf(request, "mcpNameHeader", "mcp-name"),
  });
  return outcome.kind === "legacy" ? outcome : undefined;
}

function parse(response: ServerResponse, bytes: Buffer): unknown {
  const fault = findShapeFault(bytes);
  if (fault !== undefined) {
    sendJsonRpcError(response, { status: 400, code: -32_600, message: `Invalid Request: ${fault}` });
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === "object" && value !== null) return value;
    sendJsonRpcError(response, { status: 400, code: -32_600, message: "Invalid Request: not a JSON-RPC message" });
  } catch {
    sendJsonRpcError(response, { status: 400, code: -32_700, message: "Parse error: the body is not valid JSON" });
  }
  return undefined;
}

function headerOf<Key extends string>(request: IncomingMessage, key: Key, name: string): Partial<Record<Key, string>> {
  const value = request.headers[name];
  // A repeated header arrives joined by a comma and then matches nothing, which is the right refusal.
  return value === undefined ? {} : ({ [key]: String(value) } as Record<Key, string>);
}

function calledTool(body: unknown): string | undefined {
  if (!isRecord(body) || body["method"] !== "tools/call" || !isRecord(body["params"])) return undefined;
  const name = body["params"]["name"];
  return typeof name === "string" ? name : undefined;
}

function argumentsOf(body: unknown): Record<string, unknown> {
  const params = isRecord(body) && isRecord(body["params"]) ? body["params"] : {};
  return isRecord(params["arguments"]) ? params["arguments"] : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
