import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseLog, splitFrames } from "./log-frames.ts";

function frame(kind: 0 | 1 | 2, payload: Buffer | string): Buffer {
  const data = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header[0] = kind;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

const stamp = "2026-11-22T10:50:28.456559887Z";

describe("parseLog", () => {
  it("separates both streams and takes the time off", () => {
    const body = Buffer.concat([frame(1, `${stamp} hello\n`), frame(2, `${stamp} oh no\r\n`), frame(1, `${stamp} \n`)]);
    expect(parseLog(body, false)).toEqual([
      { stream: "stdout", at: stamp, text: "hello" },
      { stream: "stderr", at: stamp, text: "oh no" },
      { stream: "stdout", at: stamp, text: "" },
    ]);
  });

  it("joins a character that lies across two frames", () => {
    const [first, second] = [Buffer.from("€").subarray(0, 1), Buffer.from("€\n").subarray(1)];
    expect(parseLog(Buffer.concat([frame(1, first), frame(1, second)]), false)).toEqual([
      { stream: "stdout", at: undefined, text: "€" },
    ]);
  });

  it("reads a terminal's output as it is, even when it looks like a frame", () => {
    const body = Buffer.from(`${stamp} \u0001\u0000 odd\r\n`);
    expect(parseLog(body, true)).toEqual([{ stream: "stdout", at: stamp, text: "\u0001\u0000 odd" }]);
  });

  it("keeps what is there of a frame that was cut, and bytes that are no frame", () => {
    expect(parseLog(frame(2, "a long line\n").subarray(0, 12), false)).toEqual([
      { stream: "stderr", at: undefined, text: "a lo" },
    ]);
    expect(parseLog(Buffer.from("plain text"), false)).toEqual([
      { stream: "stdout", at: undefined, text: "plain text" },
    ]);
    expect(parseLog(Buffer.alloc(5), false)).toEqual([]);
  });
});

describe("splitFrames", () => {
  it("gives back exactly the payloads that went in", () => {
    const part = fc.record({ kind: fc.constantFrom(1 as const, 2 as const), data: fc.uint8Array({ maxLength: 300 }) });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const body = Buffer.concat(parts.map(({ kind, data }) => frame(kind, Buffer.from(data))));
        expect(splitFrames(body)).toEqual(
          parts.map(({ kind, data }) => ({ stream: kind === 1 ? "stdout" : "stderr", payload: Buffer.from(data) })),
        );
      }),
    );
  });

  it("ends on any bytes and loses none of a cut stream's whole frames", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const total = splitFrames(Buffer.from(bytes)).reduce((sum, { payload }) => sum + payload.length, 0);
        expect(total).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
