import type { ServerResponse } from "node:http";
import { sendJson } from "./direct-endpoint.ts";

/** A refusal before any method ran. Our own codes lie outside −32768…−32000, as the specification asks. */
export function sendJsonRpcError(
  response: ServerResponse,
  refusal: { status: number; code: number; message: string; data?: unknown; headers?: Record<string, string> },
): void {
  for (const [name, value] of Object.entries(refusal.headers ?? {})) response.setHeader(name, value);
  sendJson(
    response,
    JSON.stringify({
      jsonrpc: "2.0",
      id: null,
      error: { code: refusal.code, message: refusal.message, data: refusal.data },
    }),
    refusal.status,
  );
}
