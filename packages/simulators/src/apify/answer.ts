import type { IncomingMessage, ServerResponse } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

/** What a route has to say; how it reaches the caller is the fault switch's business. */
export interface Answer {
  status: number;
  /** JSON; a bigint goes out digit for digit. */
  json?: unknown;
  /** Instead of JSON. */
  bytes?: Buffer;
  contentType?: string;
  headers?: Readonly<Record<string, string>>;
}

const bodyLimitBytes = 9 * 1024 * 1024;

/** The vendor's own client packs what is longer than a kilobyte. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) throw new Error("request body over the limit");
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const limit = { maxOutputLength: bodyLimitBytes };
  if (request.headers["content-encoding"] === "gzip") return gunzipSync(body, limit);
  if (request.headers["content-encoding"] === "br") return brotliDecompressSync(body, limit);
  return body;
}

export function encodeAnswer({ json, bytes }: Answer): Buffer {
  if (bytes) return bytes;
  if (json === undefined) return Buffer.alloc(0);
  const text = JSON.stringify(json, (_name, value: unknown) =>
    typeof value === "bigint" ? `\u0000${value}\u0000` : value,
  );
  return Buffer.from(text.replace(/"\\u0000(\d+)\\u0000"/g, "$1"));
}

export function sendAnswer(response: ServerResponse, answer: Answer): void {
  const body = encodeAnswer(answer);
  response.writeHead(answer.status, { ...headersOf(answer), "content-length": body.length });
  response.end(body);
}

/** Headers and half of the body, then the line is cut. */
export function sendHalf(response: ServerResponse, answer: Answer): void {
  const body = encodeAnswer(answer);
  response.writeHead(answer.status, { ...headersOf(answer), "content-length": body.length });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

function headersOf(answer: Answer): Record<string, string> {
  return { "content-type": answer.contentType ?? "application/json; charset=utf-8", ...answer.headers };
}
