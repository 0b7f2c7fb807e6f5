import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { exchange } from "./web-exchange.ts";

const eventStream = { "content-type": "text/event-stream" };

/** A stream that never ends, and what became of it. */
function endlessStream() {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1;
      controller.enqueue(Buffer.alloc(64 * 1024, "x"));
    },
    cancel: () => resolve(),
  });
  return { response: new Response(body, { headers: eventStream }), cancelled, pulled: () => pulled };
}

async function serve(answer: Response, unreadTimeoutMs: number) {
  const { promise: opened, resolve } = Promise.withResolvers<{ response: ServerResponse; done: Promise<void> }>();
  const server = createServer((request, response) => {
    resolve({ response, done: exchange(request, response, async () => answer, unreadTimeoutMs) });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const reader = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  reader.pause();
  reader.write("POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 0\r\n\r\n");
  onTestFinished(() => {
    reader.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { reader, ...(await opened) };
}

test(
  "fault 56: a stream through the SDK that nobody reads is closed, and its source is told",
  { timeout: 20_000 },
  async () => {
    const endless = endlessStream();
    const { response, done } = await serve(endless.response, 200);
    await Promise.all([done, endless.cancelled]);
    expect(response.destroyed).toBe(true);
    // What the kernel and Node hold for one connection; without back-pressure it grows until memory ends.
    expect(endless.pulled()).toBeLessThan(500);
  },
);

test("a reader that pauses for less goes on reading", async () => {
  const text = "data: x\n\n".repeat(1_000_000);
  const answer = new Response(text, { headers: eventStream });
  const { reader, done } = await serve(answer, 5_000);
  await new Promise((resolve) => setTimeout(resolve, 300));
  let received = 0;
  reader.on("data", (chunk: Buffer) => (received += chunk.length));
  reader.resume();
  await done;
  await expect.poll(() => received).toBeGreaterThan(text.length);
});
