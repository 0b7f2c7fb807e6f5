import { gzipSync } from "node:zlib";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pino } from "pino";
import { Secret } from "../config/secret.ts";
import { directRequest, directWays, failure } from "../testing/direct-ways.ts";
import { rawChunk, rawHead, rawReply, startRawUpstream, type RawUpstream } from "../testing/raw-upstream.ts";
import type { DirectReply } from "./direct-calls.ts";
import { createHttp, type Http, type HttpOptions } from "./http.ts";

const log = pino({ level: "silent" });
const json = { "content-type": "application/json" };
const events = { "content-type": "text/event-stream", "transfer-encoding": "chunked" };
const sound = rawReply(200, json, '{"name":"a"}');

let upstream: RawUpstream;
let opened: Http[];
beforeEach(async () => {
  upstream = await startRawUpstream({ answer: (socket) => socket.write(sound) });
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((http) => http.close()));
  await upstream.stop();
});

function http(options: Partial<HttpOptions> = {}): Http {
  const auth = { in: "bearer", secret: new Secret("sk-canary-0123456789abcdef") } as const;
  const made = createHttp({ service: "Acme", baseUrl: upstream.url, auth, log, ...options });
  opened.push(made);
  return made;
}

describe.each(directWays)("the body of a call by the short way, %s", (_way, call) => {
  test("fault 30: a refusal whose text never comes is told by its status, and soon", async () => {
    upstream.answer((socket) => socket.write(rawReply(503, { "content-length": "100" }, "wait")));
    const startedAt = performance.now();
    const error = await failure(call(http(), { timeoutMs: 30_000 }));
    expect(error).toMatchObject({ kind: "unavailable", status: 503 });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    await expect.poll(() => upstream.connections, { timeout: 1_000 }).toBe(0);
  });

  test("fault 28: a refusal with endless text is told by its status, and costs no memory", async () => {
    upstream.answer((socket) => {
      socket.write(rawHead(500, events));
      const pump = (): void => {
        while (!socket.destroyed && socket.write(rawChunk("x".repeat(65_536))));
      };
      socket.on("drain", pump);
      pump();
    });
    const before = process.memoryUsage().rss;
    const error = await failure(call(http(), { timeoutMs: 30_000, maxBytes: 64 << 20 }));
    expect(error).toMatchObject({ kind: "upstream", status: 500 });
    expect(process.memoryUsage().rss - before).toBeLessThan(50 << 20);
    await expect.poll(() => upstream.connections, { timeout: 1_000 }).toBe(0);
  });

  test("fault 34: a body beyond the limit is refused, also one that states its length", async () => {
    for (const headers of [{ "content-length": String(1 << 30) }, { connection: "close" }]) {
      upstream.answer((socket) => {
        socket.write(rawHead(200, headers));
        const pump = (): void => {
          while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
        };
        socket.on("drain", pump);
        pump();
      });
      const before = process.memoryUsage().rss;
      const error = await failure(call(http(), { timeoutMs: 20_000 }));
      expect(error).toMatchObject({ kind: "upstream", retryable: false });
      expect(error["message"]).toContain("too large");
      expect(process.memoryUsage().rss - before).toBeLessThan(50 << 20);
      await expect.poll(() => upstream.connections, { timeout: 1_000 }).toBe(0);
    }
  });

  test("an encoding that changes nothing is none", async () => {
    upstream.answer((socket) => socket.write(rawReply(200, { ...json, "content-encoding": "identity" }, "{}")));
    expect(await call(http())).toBe("{}");
  });

  test.each([301, 307])("fault 35: a %i is not followed", async (status) => {
    upstream.answer((socket) => socket.write(rawReply(status, { location: "http://169.254.169.254/" }, "")));
    expect(await failure(call(http()))).toMatchObject({ kind: "upstream", status, retryable: false });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe("packed answers", () => {
  const gzip = { ...json, "content-encoding": "gzip" };
  const whole = async (answer: Buffer): Promise<DirectReply> => {
    upstream.answer((socket) => socket.write(answer));
    return await http().postDirect(directRequest());
  };

  test("one that is packed although it was not asked to be is unpacked", async () => {
    expect((await whole(rawReply(200, gzip, gzipSync('{"a":1}')))).body.toString()).toBe('{"a":1}');
  });

  test.each([
    ["garbage", Buffer.from("this is not gzip")],
    ["a cut one", gzipSync("x".repeat(10_000)).subarray(0, 30)],
  ])("fault 31: %s does not unpack", async (_name, body) => {
    const error = await failure(whole(rawReply(200, gzip, body)));
    expect(error).toMatchObject({ kind: "upstream" });
    expect(error["message"]).toContain("Bad reply from Acme");
  });

  test("fault 34: a bomb (1000:1) is cut while it is unpacked", async () => {
    const before = process.memoryUsage().rss;
    const error = await failure(whole(rawReply(200, gzip, gzipSync(Buffer.alloc(200 << 20)))));
    expect(error["message"]).toContain("too large");
    expect(process.memoryUsage().rss - before).toBeLessThan(50 << 20);
  });

  test("two encodings on top of each other are refused", async () => {
    const error = await failure(whole(rawReply(200, { ...json, "content-encoding": "gzip, gzip" }, "x")));
    expect(error).toMatchObject({ kind: "upstream", retryable: false });
  });
});

describe("a relayed body", () => {
  test("silence between two chunks ends it before the deadline", async () => {
    upstream.answer((socket) => socket.write(rawReply(200, events, rawChunk("data: x\n\n"))));
    const startedAt = performance.now();
    const relay = await http().relayDirect(directRequest({ timeoutMs: 30_000, idleTimeoutMs: 1_000 }));
    const error = await failure(
      new Promise<void>((resolve, reject) => {
        relay.pipe({ data: () => true, end: resolve, fail: reject });
      }),
    );
    expect(error).toMatchObject({ kind: "timeout" });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test("a reader that takes nothing holds the sender back, also beyond the idle time, and then goes on", async () => {
    const total = 32 << 20;
    let sent = 0;
    upstream.answer((socket) => {
      socket.write(rawHead(200, { "content-length": String(total) }));
      const pump = (): void => {
        while (sent < total) {
          sent += 65_536;
          if (!socket.write(Buffer.alloc(65_536))) return;
        }
      };
      socket.on("drain", pump);
      pump();
    });
    const relay = await http().relayDirect(directRequest({ timeoutMs: 20_000, maxBytes: total, idleTimeoutMs: 5_000 }));
    let bytes = 0;
    let isReading = false;
    const done = new Promise<void>((resolve, reject) => {
      const data = (chunk: Buffer): boolean => {
        bytes += chunk.length;
        return isReading;
      };
      relay.pipe({ data, end: resolve, fail: reject });
    });
    await delay(300);
    expect(sent).toBeLessThan(total / 2);
    isReading = true;
    relay.resume();
    await done;
    expect(bytes).toBe(total);
  });
});
