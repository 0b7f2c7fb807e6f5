import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readEvents } from "./event-reader.ts";

const piece = (content: string, finishReason: string | null = null) =>
  JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content }, finish_reason: finishReason }] });

async function read(text: string | Buffer, sizes: readonly number[] = [], type = "text/event-stream"): Promise<string> {
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    const bytes = Buffer.from(text);
    let offset = 0;
    for (const size of sizes) {
      yield bytes.subarray(offset, offset + size);
      offset += size;
    }
    yield bytes.subarray(offset);
  }
  let said = "";
  const reply = { status: 200, headers: { "content-type": type }, body: body() };
  for await (const chunk of readEvents("svc", reply)) said += chunk.parsed.choices[0]?.delta?.content ?? "";
  return said;
}

const whole = `: keep-alive\n\ndata: ${piece("grüß ")}\n\nid: 7\ndata: ${piece("dich ☃", "stop")}\r\n\r\ndata: [DONE]\n\n`;

test("any division into chunks gives the same text, even inside a character", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 }), async (sizes) => {
      expect(await read(whole, sizes)).toBe("grüß dich ☃");
    }),
    { numRuns: 60 },
  );
});

test("an event over several lines is one JSON, and is passed on in one line", async () => {
  const lines = JSON.stringify(JSON.parse(piece("x", "stop")), null, 2)
    .split("\n")
    .map((line) => `data: ${line}`)
    .join("\n");
  expect(await read(`${lines}\n\n`)).toBe("x");
});

describe("refused", () => {
  test.each([
    ["an end in the middle", `data: ${piece("x")}\n\n`],
    ["half an event", `data: ${piece("x")}\n\ndata: {"choices":[{"del`],
    ["no JSON", `data: {nope\n\n`],
    ["JSON that is no chunk", `data: {"hello": 1}\n\n`],
    ["an error event", `data: {"error": {"code": 502, "message": "SECRET VENDOR"}}\n\n`],
    ["nothing", ""],
  ])("%s", async (_name, text) => {
    const error = await read(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "upstream", service: "svc" });
    expect(String(error)).not.toContain("SECRET");
  });

  test("one JSON error instead of a stream keeps its meaning", async () => {
    const body = JSON.stringify({ error: { code: 402, message: "no credit" } });
    await expect(read(body, [], "application/json")).rejects.toMatchObject({ kind: "budget_exceeded" });
    await expect(read("<html>", [], "text/html")).rejects.toMatchObject({ kind: "upstream" });
  });

  test("an event without an end is cut off at 2 MiB", async () => {
    const endless = Buffer.alloc(3 * 1024 * 1024, "x");
    const text = Buffer.concat([Buffer.from("data: "), endless]);
    await expect(read(text, Array<number>(40).fill(64 * 1024))).rejects.toMatchObject({ kind: "upstream" });
  });

  test("any bytes end in text or an error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await expect(read(Buffer.from(bytes))).rejects.toMatchObject({ kind: "upstream" });
      }),
      { numRuns: 60 },
    );
  });
});
