import type { IncomingHttpHeaders } from "node:http";
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/server";

/** The revision served without a handshake. */
const modernVersion = "2026-07-28";
const legacyVersions = new Set(SUPPORTED_PROTOCOL_VERSIONS.filter((version) => version < modernVersion));

export type Era = "modern" | "legacy";

/** A request that needs nothing of the SDK: answered straight from our tables. */
export type DirectRequest =
  | { method: "tools/list"; era: Era; id: string | number }
  | {
      method: "tools/call";
      era: Era;
      id: string | number;
      name: string;
      arguments: Record<string, unknown> | undefined;
      progressToken: string | number | undefined;
      meta: Record<string, unknown> | undefined;
    };

/**
 * Recognises the plain, valid `tools/call` and `tools/list` of both eras. Anything unusual (a missing header, an odd
 * envelope, a retry with answers) is left to the SDK, so that every refusal is worded by the protocol's own code:
 * this function may only ever say yes too rarely.
 */
export function matchDirect(headers: IncomingHttpHeaders, message: unknown): DirectRequest | undefined {
  if (!isRecord(message) || message["jsonrpc"] !== "2.0") return undefined;
  const { id, method, params } = message;
  if (!isId(id) || (method !== "tools/call" && method !== "tools/list")) return undefined;
  if (params !== undefined && !isRecord(params)) return undefined;
  const meta = params?.["_meta"];
  if (meta !== undefined && !isRecord(meta)) return undefined;
  const era = matchEra(headers, method, params, meta);
  if (!era) return undefined;
  if (method === "tools/list") return params?.["cursor"] === undefined ? { method, era, id } : undefined;
  return matchCall(era, id, params, meta);
}

function matchCall(
  era: Era,
  id: string | number,
  params: Record<string, unknown> | undefined,
  meta: Record<string, unknown> | undefined,
): DirectRequest | undefined {
  const name = params?.["name"];
  const values = params?.["arguments"];
  const progressToken = meta?.["progressToken"];
  if (typeof name !== "string" || (values !== undefined && !isRecord(values))) return undefined;
  if (progressToken !== undefined && !isId(progressToken)) return undefined;
  if (params && ("inputResponses" in params || "requestState" in params || "task" in params)) return undefined;
  return { method: "tools/call", era, id, name, arguments: values, progressToken, meta };
}

function matchEra(
  headers: IncomingHttpHeaders,
  method: string,
  params: Record<string, unknown> | undefined,
  meta: Record<string, unknown> | undefined,
): Era | undefined {
  const version = headers["mcp-protocol-version"];
  if (meta !== undefined && PROTOCOL_VERSION_META_KEY in meta) {
    const named = method !== "tools/call" || headers["mcp-name"] === params?.["name"];
    return version === modernVersion &&
      meta[PROTOCOL_VERSION_META_KEY] === modernVersion &&
      headers["mcp-method"] === method &&
      named &&
      isPlainInfo(meta[CLIENT_INFO_META_KEY]) &&
      isPlainCapabilities(meta[CLIENT_CAPABILITIES_META_KEY])
      ? "modern"
      : undefined;
  }
  const accept = headers.accept;
  if (!accept?.includes("application/json") || !accept.includes("text/event-stream")) return undefined;
  if (version !== undefined && (typeof version !== "string" || !legacyVersions.has(version))) return undefined;
  return "legacy";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is string | number {
  return typeof value === "string" || Number.isSafeInteger(value);
}

function isPlainInfo(info: unknown): boolean {
  return (
    isRecord(info) &&
    typeof info["name"] === "string" &&
    typeof info["version"] === "string" &&
    Object.values(info).every((value) => typeof value === "string")
  );
}

function isPlainCapabilities(capabilities: unknown): boolean {
  return isRecord(capabilities) && Object.values(capabilities).every(isRecord);
}
