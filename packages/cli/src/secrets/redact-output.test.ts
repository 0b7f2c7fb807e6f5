import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { collectNeedles, createRedactor } from "./redact-output.ts";

async function redact(secrets: readonly string[], chunks: readonly (Buffer | string)[]): Promise<string> {
  const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  return (await buffer(stream.pipe(createRedactor(collectNeedles(secrets))))).toString("utf8");
}

function cut(text: string, sizes: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

test.each([
  { name: "a secret in the middle", secrets: ["hunter22"], text: "key=hunter22!\n", masked: "key=[secret]!\n" },
  { name: "the longest of several", secrets: ["abc", "abcdef"], text: "abcdefg abcx", masked: "[secret]g [secret]x" },
  { name: "overlapping ones as one", secrets: ["abcd", "cdef"], text: "abcdef.", masked: "[secret]." },
  { name: "one that only begins", secrets: ["hunter22"], text: "hunter2", masked: "hunter2" },
  {
    name: "a short one inside the beginning of a long one",
    secrets: ["abc", "abcdef"],
    text: "abcde",
    masked: "[secret]de",
  },
  { name: "no short ones", secrets: ["", "a", "ab"], text: "a ab abc", masked: "a ab abc" },
  { name: "a secret of one letter, repeated", secrets: ["aaa"], text: "aaaaaaaa b", masked: "[secret] b" },
  {
    name: "a secret with several lines",
    secrets: ["first line\nsecond"],
    text: ">first line\nsecond<",
    masked: ">[secret]<",
  },
  {
    name: "a long line of it alone",
    secrets: ["-----BEGIN KEY-----\nMIIEvQIBADANBg\n"],
    text: "x MIIEvQIBADANBg",
    masked: "x [secret]",
  },
  { name: "its spelling in JSON", secrets: ['pass"word'], text: '{"a":"pass\\"word"}', masked: '{"a":"[secret]"}' },
  { name: "letters of two bytes", secrets: ["pässwörd"], text: "=pässwörd=", masked: "=[secret]=" },
])("masks $name, however it arrives", async ({ secrets, text, masked }) => {
  for (const sizes of [[1_000], [1], [2], [3, 1], [5, 2]]) {
    expect(await redact(secrets, cut(text, sizes))).toBe(masked);
  }
});

test("what can be no beginning of a secret does not wait", async () => {
  const redactor = createRedactor(collectNeedles(["hunter22"]));
  const seen: string[] = [];
  redactor.on("data", (chunk) => seen.push(String(chunk)));
  redactor.write("Password: ");
  redactor.write("hunt");
  await new Promise(setImmediate);
  expect(seen.join("")).toBe("Password: ");
  redactor.write("ing");
  await new Promise(setImmediate);
  expect(seen.join("")).toBe("Password: hunting");
});

test("bytes that are no text pass unchanged", async () => {
  const bytes = Buffer.from(Array.from({ length: 1_024 }, (_value, index) => index % 256));
  const stream = Readable.from([bytes]).pipe(createRedactor(collectNeedles(["never there"])));
  expect(await buffer(stream)).toEqual(bytes);
});

test("no secret is seen, and without any the text is the same, for every way to cut it", async () => {
  const letters = fc.stringMatching(/^[ab\n]{3,8}$/);
  const property = fc.asyncProperty(
    fc.array(letters, { maxLength: 4 }),
    fc.array(fc.oneof(letters, fc.constantFrom("--", "a", "b")), { maxLength: 20 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
    async (secrets, pieces, sizes) => {
      const text = pieces.join("");
      const output = await redact(secrets, cut(text, sizes));
      const outside = output.split("[secret]");
      for (const secret of secrets) for (const part of outside) expect(part).not.toContain(secret);
      expect(output).toBe(await redact(secrets, [text]));
      if (!secrets.some((secret) => text.includes(secret))) expect(output).toBe(text);
    },
  );
  await fc.assert(property, { numRuns: 500 });
});
