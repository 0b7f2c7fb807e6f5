import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { Secret } from "../config/secret.ts";
import { createLogDestination } from "./log-destination.ts";
import { createLogger } from "./log.ts";
import { createScrubber } from "./scrub.ts";

const canary = "canary-9f8e7d6c5b4a";

function createRecorder() {
  const lines: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      lines.push(chunk);
      done();
    },
  });
  const scrubber = createScrubber();
  scrubber.register(canary, "CANARY");
  const destination = createLogDestination({ scrubber, stream });
  return { lines, destination, log: createLogger({ scrubber, level: "trace", server: "ai", destination }) };
}

type Log = ReturnType<typeof createRecorder>["log"];

// The placements of which path redaction let nine through.
const placements: Record<string, (log: Log) => void> = {
  "a message": (log) => log.info(`key ${canary} refused`),
  "a top-level field": (log) => log.info({ key: canary }, "x"),
  "a deep object": (log) => log.info({ a: { b: { c: { d: canary } } } }, "x"),
  "an array": (log) => log.info({ keys: ["a", { key: canary }] }, "x"),
  "an error's text": (log) => log.error({ err: new Error(`bad key ${canary}`) }, "x"),
  "an error's cause": (log) => log.error({ err: new Error("x", { cause: new Error(canary) }) }, "x"),
  "a field of an error": (log) => log.error({ err: Object.assign(new Error("x"), { config: { key: canary } }) }, "x"),
  "a URL": (log) => log.info({ url: `https://api.example/v1?key=${encodeURIComponent(canary)}` }, "x"),
  "a header in another case": (log) => log.info({ headers: { AUTHORIZATION: `bearer ${canary}` } }, "x"),
  "a child's bindings": (log) => log.child({ token: canary }).info("x"),
  "a key": (log) => log.info({ [canary]: 1 }, "x"),
  "a format argument": (log) => log.info("key %s", canary),
  "Basic credentials": (log) => log.info(`Basic ${Buffer.from(`user:${canary}`).toString("base64")}`),
};

describe("createLogger", () => {
  it.each(Object.entries(placements))("masks a secret in %s", (_name, write) => {
    const { lines, log } = createRecorder();
    write(log);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain(canary.slice(0, 12));
    expect(lines[0]).not.toContain(Buffer.from(canary).toString("base64").slice(4, 16));
    expect(lines[0]).toContain("[secret CANARY]");
    expect(() => JSON.parse(lines[0] ?? "")).not.toThrow();
  });

  it("prints a wrapped secret as stars", () => {
    const { lines, log } = createRecorder();
    log.info({ key: new Secret(canary) }, "x");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ key: "***", server: "ai", level: "info" });
  });

  it("writes one inert line for line breaks, terminal escapes and bidi overrides (fault 94)", () => {
    const { lines, log } = createRecorder();
    const hostile = 'a\r\n{"level":"fatal"}\u001b[31m\u009b31m\u202e\u2066\u2028\u007f\ufeffz';
    log.info({ field: hostile, [`key${hostile}`]: 1 }, hostile);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.slice(0, -1)).toMatch(/^[\u0020-\u007e]+$/);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ msg: hostile, field: hostile });
  });

  it("cuts a line that is too long into a valid record", () => {
    const { lines, log } = createRecorder();
    log.info(`${"x".repeat(200_000)}${canary}`);
    expect(lines[0]?.length).toBeLessThan(66_000);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ cutFrom: expect.any(Number) });
  });

  it("survives values that cannot be serialised", () => {
    const { lines, log } = createRecorder();
    const loop: Record<string, unknown> = { big: 1n };
    loop["self"] = loop;
    log.info({ loop }, "x");
    expect(() => JSON.parse(lines[0] ?? "")).not.toThrow();
  });
});

describe("createLogDestination", () => {
  it("drops lines nobody reads, counts them, and says so once there is room", async () => {
    const written: string[] = [];
    const pending: (() => void)[] = [];
    const stream = new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        written.push(chunk);
        pending.push(done);
      },
    });
    const destination = createLogDestination({ scrubber: createScrubber(), stream, maximumQueuedBytes: 1_000 });
    for (let index = 0; index < 100; index += 1) destination.write(`${"y".repeat(99)}\n`);
    expect(destination.dropped()).toBe(90);
    expect(stream.writableLength).toBeLessThanOrEqual(1_000);
    while (pending.length > 0) {
      pending.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    destination.write("last\n");
    while (pending.length > 0) {
      pending.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written.at(-1)).toBe("last\n");
    expect(JSON.parse(written.at(-2) ?? "")).toMatchObject({ lost: 90 });
  });

  it("flushes what it accepted, and does not wait for ever", async () => {
    const pending: (() => void)[] = [];
    const stream = new Writable({ write: (_chunk, _encoding, done) => void pending.push(done) });
    const destination = createLogDestination({ scrubber: createScrubber(), stream });
    destination.write("a\n");
    await destination.flush(5);
    expect(stream.writableLength).toBe(2);
    const flushed = destination.flush(10_000);
    const settle = setInterval(() => pending.shift()?.(), 1);
    await flushed;
    clearInterval(settle);
    expect(stream.writableLength).toBe(0);
  });

  it("survives a reader that goes away", async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    const destination = createLogDestination({ scrubber: createScrubber(), stream });
    destination.write("a\n");
    await new Promise((resolve) => setImmediate(resolve));
    destination.write("b\n");
    expect(destination.dropped()).toBe(2);
  });
});
