import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, overlongLine, readLines } from "./stdio-lines.ts";
import { parseLine } from "./stdio-message.ts";

async function linesOf(chunks: readonly Buffer[], maxBytes: number): Promise<(string | undefined)[]> {
  const lines: Line[] = [];
  async function* input() {
    yield* chunks;
  }
  for await (const line of readLines(input(), maxBytes)) lines.push(line);
  return lines.map((line) => (line === overlongLine ? undefined : line.toString()));
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let from = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(from, from + size));
    from += size;
  }
  return [...chunks, bytes.subarray(from)];
}

const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "\u2028", "\u2029", "\u0085", "\v", "😀") }));

test("lines end at \\n and nowhere else, however the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(texts, fc.array(fc.integer({ min: 0, max: 9 })), fc.boolean(), async (lines, sizes, isWindows) => {
      const bytes = Buffer.from(lines.map((line) => line + (isWindows ? "\r\n" : "\n")).join(""));
      expect(await linesOf(cut(bytes, sizes), 10_000)).toEqual(lines);
    }),
  );
});

test("a line over the cap is told once and skipped; its neighbours are whole", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(30)), fc.array(fc.integer({ min: 0, max: 9 })), async (lengths, sizes) => {
      const lines = lengths.map((length) => "x".repeat(length));
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      expect(await linesOf(cut(bytes, sizes), 12)).toEqual(lines.map((line) => (line.length > 12 ? undefined : line)));
    }),
  );
});

test("a last line without its end is a line, an empty rest is none", async () => {
  expect(await linesOf([Buffer.from("a\nb")], 10)).toEqual(["a", "b"]);
  expect(await linesOf([Buffer.from("a\n")], 10)).toEqual(["a"]);
});

test("a line that drips in byte by byte costs about its length", async () => {
  async function* drip() {
    for (let index = 0; index < 1_000_000; index++) yield Buffer.from("x");
    yield Buffer.from("\n");
  }
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for await (const line of readLines(drip(), 4_000_000)) {
    most = process.memoryUsage().arrayBuffers - before;
    expect(line).toHaveLength(1_000_000);
  }
  expect(most).toBeLessThan(16_000_000);
});

const refusals: [string, Line, number, unknown][] = [
  ["no JSON", Buffer.from("{nonsense"), -32_700, null],
  ["no UTF-8", Buffer.from([0x22, 0xff, 0x22]), -32_700, null],
  ["a batch", Buffer.from('[{"jsonrpc":"2.0","id":1,"method":"ping"}]'), -32_600, null],
  ["a number", Buffer.from("3"), -32_600, null],
  ["a string", Buffer.from('"ping"'), -32_600, null],
  ["null", Buffer.from("null"), -32_600, null],
  ["an object that is no message", Buffer.from('{"id":4,"method":"ping"}'), -32_600, 4],
  ["an id that is none", Buffer.from('{"jsonrpc":"2.0","id":null,"method":"ping"}'), -32_600, null],
  ["too deep", Buffer.from("[".repeat(1_000)), -32_600, null],
  ["too long", overlongLine, -32_600, null],
];

test.each(refusals)("%s is refused", (_what, line, code, id) => {
  const incoming = parseLine(line, 100);
  const answer = incoming.kind === "refused" ? incoming.answer : "";
  expect(JSON.parse(answer)).toMatchObject({ jsonrpc: "2.0", id, error: { code } });
  expect(answer).not.toContain("\n");
});

test("an empty line is nothing, a request is a message", () => {
  expect(parseLine(Buffer.from(" \t"), 100).kind).toBe("empty");
  expect(parseLine(Buffer.from('{"jsonrpc":"2.0","id":"a","method":"ping"}'), 100)).toMatchObject({
    kind: "message",
    message: { id: "a", method: "ping" },
  });
});
