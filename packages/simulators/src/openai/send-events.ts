import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./faults.ts";

export interface EventOptions {
  fault?: Fault | undefined;
  /** Before each event. */
  eventMs?: number | undefined;
  /** What the fault `error_in_stream` sends. */
  errorChunk: unknown;
}

/** Chunks as a text/event-stream with `[DONE]` at the end, at the reader's pace. */
export async function sendEvents(
  response: ServerResponse,
  chunks: readonly unknown[],
  { fault, eventMs = 0, errorChunk }: EventOptions,
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  for (const [index, chunk] of chunks.entries()) {
    if (eventMs > 0) await delay(eventMs);
    if (response.destroyed) return;
    if (fault && "afterEvents" in fault && fault.afterEvents === index) {
      if (breakStream(response, fault.kind, errorChunk)) return;
    }
    await send(response, `data: ${JSON.stringify(chunk)}\n\n`);
  }
  response.end("data: [DONE]\n\n");
}

/** True when nothing more may be sent. */
function breakStream(response: ServerResponse, kind: Fault["kind"], errorChunk: unknown): boolean {
  if (kind === "cut") {
    // In the middle of a token, so that half an event is on the wire.
    response.write('data: {"id":"chatcmpl-sim","choices":[{"delta":{"content":"hal', () => response.destroy());
  } else if (kind === "end_early") response.end();
  else if (kind === "malformed_event") response.write("data: {this is not JSON\n\n");
  else if (kind === "error_in_stream") response.end(`data: ${JSON.stringify(errorChunk)}\n\n`);
  return kind !== "malformed_event";
}

async function send(response: ServerResponse, text: string): Promise<void> {
  if (response.write(text)) return;
  await new Promise<void>((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}
