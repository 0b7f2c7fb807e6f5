import type { IncomingMessage, ServerResponse } from "node:http";
import { goneSignal } from "./gone-signal.ts";

/** How long a reader may leave what waits for it before the stream is closed. */
const defaultUnreadTimeoutMs = 30_000;

/**
 * The SDK speaks web standards, Node does not. Its own adapter writes the parsed body as text again, which nobody reads,
 * and hands every answer on in pieces; this one leaves both out, and aborts when the client goes away as that one does.
 */
export async function exchange(
  incoming: IncomingMessage,
  response: ServerResponse,
  answer: (request: Request) => Promise<Response>,
  unreadTimeoutMs = defaultUnreadTimeoutMs,
): Promise<void> {
  const { controller, release } = goneSignal(response);
  const { signal } = controller;
  const answered = await answer(toRequest(incoming, signal));
  const headers = Object.fromEntries(answered.headers);
  if (answered.headers.get("content-type")?.startsWith("text/event-stream")) {
    response.writeHead(answered.status, headers);
    await writeStream(response, answered, { signal, unreadTimeoutMs });
  } else {
    const bytes = Buffer.from(await answered.arrayBuffer());
    if (!signal.aborted) response.writeHead(answered.status, { ...headers, "content-length": bytes.length });
    release();
    response.end(bytes);
  }
}

function toRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    // A repeated header is joined by a comma and then matches nothing, which is the right refusal.
    if (value !== undefined) headers.set(name, String(value));
  }
  return new Request(`http://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`, {
    method: incoming.method ?? "POST",
    headers,
    signal,
  });
}

/** As fast as the client reads, until it leaves, or reads nothing for too long. */
async function writeStream(
  response: ServerResponse,
  answered: Response,
  { signal, unreadTimeoutMs }: { signal: AbortSignal; unreadTimeoutMs: number },
): Promise<void> {
  const gone = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  for await (const chunk of answered.body ?? []) {
    if (signal.aborted) break;
    if (response.write(chunk)) continue;
    const timer = setTimeout(() => response.destroy(), unreadTimeoutMs);
    await Promise.race([new Promise((resolve) => response.once("drain", resolve)), gone]);
    clearTimeout(timer);
  }
  response.end();
}
