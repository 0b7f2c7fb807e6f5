import { connect, type Socket } from "node:net";
import { request } from "undici";

const envelope = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

export type Era = "modern" | "legacy";

export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The JSON-RPC answer. Tests look into it freely, and fail on what is missing. */
  // oxlint-disable-next-line typescript/no-explicit-any
  json(): { result?: any; error?: any };
}

/** Headers and body of one request as a well-behaved client of the era would send them. */
export function rpc(
  era: Era,
  method: string,
  params: Record<string, unknown> = {},
  id: unknown = 1,
): { headers: Record<string, string>; body: string } {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  if (era === "legacy") return { headers, body: JSON.stringify({ jsonrpc: "2.0", id, method, params }) };
  headers["mcp-protocol-version"] = "2026-07-28";
  headers["mcp-method"] = method;
  if (typeof params["name"] === "string") headers["mcp-name"] = params["name"];
  const meta = { ...envelope, ...(params["_meta"] as object | undefined) };
  return { headers, body: JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: meta } }) };
}

export async function post(
  url: string,
  bearer: string | undefined,
  message: { headers: Record<string, string>; body: string | Buffer },
  path = "/mcp",
): Promise<RawAnswer> {
  const response = await request(`${url}${path}`, {
    method: "POST",
    headers: { ...message.headers, ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }) },
    body: message.body,
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
  });
  const text = await response.body.text();
  return {
    status: response.statusCode,
    headers: response.headers,
    text,
    json() {
      const isStream = String(response.headers["content-type"]).startsWith("text/event-stream");
      const frames = text.split("\n").filter((line) => line.startsWith("data: {"));
      return JSON.parse(isStream ? (frames.at(-1)?.slice(6) ?? "{}") : text);
    },
  };
}

/** One request as it goes over the wire, for tests that drive the socket themselves. */
export function httpText(message: { headers: Record<string, string>; body: string }, token: string): string {
  const headers = { ...message.headers, host: "127.0.0.1", authorization: `Bearer ${token}` };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const length = Buffer.byteLength(message.body);
  return `POST /mcp HTTP/1.1\r\n${lines.join("\r\n")}\r\ncontent-length: ${length}\r\n\r\n${message.body}`;
}

/** Opens a socket and sends exactly these bytes. `closed` resolves with everything received and the time it took. */
export function rawSocket(
  port: number,
  bytes: string,
): { socket: Socket; closed: Promise<{ text: string; afterMs: number }> } {
  const from = performance.now();
  const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.on("error", () => {});
  const closed = new Promise<{ text: string; afterMs: number }>((resolve) => {
    socket.on("close", () => resolve({ text, afterMs: performance.now() - from }));
  });
  return { socket, closed };
}
