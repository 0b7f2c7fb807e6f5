/** A provider that costs next to nothing: a fixed 1,149-byte completion, or 17 writes of 4,816 bytes as a stream. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const model = "bench/model";
const wholeBytes = 1_149;
const streamBytes = 4_816;
const streamWrites = 17;
const usage = { prompt_tokens: 21, completion_tokens: 120, total_tokens: 141 };
const frame = { id: "chatcmpl-bench", created: 1_750_000_000, model };

function buildWhole(filler: number): Buffer {
  const message = { role: "assistant", content: "a".repeat(filler) };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  return Buffer.from(JSON.stringify({ ...frame, object: "chat.completion", choices, usage }));
}

/** Role, 14 pieces of text, the finish with its usage, `[DONE]`: one write each. */
function buildStream(filler: number): Buffer[] {
  const event = (value: unknown) =>
    Buffer.from(`data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`);
  const chunk = (delta: object, finish: string | null = null, more: object = {}) =>
    event({
      ...frame,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...more,
    });
  const pieces = Array.from({ length: streamWrites - 3 }, (_, index) => {
    const extra = index === 0 ? filler % (streamWrites - 3) : 0;
    return chunk({ content: "b".repeat(Math.floor(filler / (streamWrites - 3)) + extra) });
  });
  return [chunk({ role: "assistant", content: "" }), ...pieces, chunk({}, "stop", { usage }), event("[DONE]")];
}

const length = (parts: readonly Buffer[]) => parts.reduce((sum, part) => sum + part.length, 0);
const whole = buildWhole(wholeBytes - buildWhole(0).length);
const events = buildStream(streamBytes - length(buildStream(0)));
if (whole.length !== wholeBytes || length(events) !== streamBytes) throw new Error("The answers have the wrong size.");
const models = JSON.stringify({
  object: "list",
  data: [
    { id: model, object: "model", context_length: 128_000, pricing: { prompt: "0.000001", completion: "0.000002" } },
  ],
});

const server = createServer((request, response) => {
  if (request.method === "GET") {
    response.writeHead(200, { "content-type": "application/json" }).end(models);
    return;
  }
  let isStream = false;
  request.on("data", (chunk: Buffer) => {
    isStream ||= chunk.includes('"stream":true');
  });
  request.on("end", () => {
    if (!isStream) {
      response.writeHead(200, { "content-type": "application/json", "content-length": whole.length }).end(whole);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of events) response.write(event);
    response.end();
  });
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
