import type { IncomingMessage } from "node:http";

export type BodyOutcome = { kind: "whole"; bytes: Buffer } | { kind: "too-large" } | { kind: "gone" };

/** Reads a request body up to `maxBytes`; what is over is not kept. Slow bodies are cut by the server's requestTimeout. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<BodyOutcome> {
  const { promise, resolve } = Promise.withResolvers<BodyOutcome>();
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
    resolve({ kind: "too-large" });
    return promise;
  }
  const chunks: Buffer[] = [];
  let received = 0;
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received > maxBytes) {
      request.pause();
      chunks.length = 0;
      resolve({ kind: "too-large" });
      return;
    }
    chunks.push(chunk);
  });
  request.on("end", () => {
    resolve({ kind: "whole", bytes: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) });
  });
  request.on("error", () => resolve({ kind: "gone" }));
  request.on("close", () => resolve({ kind: "gone" }));
  return promise;
}
