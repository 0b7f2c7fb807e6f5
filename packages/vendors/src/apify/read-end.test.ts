import fc from "fast-check";
import { expect, test } from "vitest";
import { readEnd } from "./read-end.ts";

async function* stream(chunks: readonly string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

test("a short log is whole, a long one begins at a line", async () => {
  expect(await readEnd(stream(["one\n", "two\n"]), 100)).toEqual({ text: "one\ntwo\n", isCut: false });
  expect(await readEnd(stream(["one\ntw", "o\nthree\n"]), 8)).toEqual({ text: "three\n", isCut: true });
});

test("it is always the end of the whole, within its bound, however it was chopped", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string()), fc.integer({ min: 1, max: 50 }), async (chunks, most) => {
      const whole = chunks.join("");
      const { text, isCut } = await readEnd(stream(chunks), most);
      expect(isCut).toBe(Buffer.byteLength(whole) > most);
      if (!isCut) expect(text).toBe(whole);
      if (!text.includes("\uFFFD")) expect(whole.endsWith(text)).toBe(true);
    }),
  );
});
