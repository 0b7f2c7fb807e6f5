import { getEventListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pino } from "pino";
import { Secret } from "../config/secret.ts";
import { directWays, failure } from "../testing/direct-ways.ts";
import {
  rawChunk,
  rawHead,
  rawReply,
  startRawUpstream,
  type RawAnswer,
  type RawUpstream,
} from "../testing/raw-upstream.ts";
import { createDispatcher } from "./dispatcher.ts";
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

describe.each(directWays)("a call by the short way, %s", (_way, call) => {
  test("a sound answer, and the socket is used again", async () => {
    const spine = http();
    for (let round = 0; round < 3; round += 1) {
      expect(await call(spine)).toBe('{"name":"a"}');
      await delay(5);
    }
    expect(upstream.accepted).toBe(1);
  });

  test.each<[string, RawAnswer]>([
    ["accepts and says nothing", () => undefined],
    ["drips its head", (socket) => drip(socket, rawHead(200, json).toString())],
    ["drips its body", (socket) => drip(socket, " ".repeat(1_000), rawHead(200, { "content-length": "1000" }))],
    ["stops in the middle of its body", (socket) => socket.write(rawReply(200, { "content-length": "100" }, "{"))],
    ["stops in the middle of a chunk", (socket) => socket.write(rawReply(200, events, "ff\r\ndata: "))],
  ])("fault 30: one that %s ends at the deadline + 250 ms, and its socket is freed", async (_name, answer) => {
    upstream.answer(answer);
    const startedAt = performance.now();
    expect(await failure(call(http(), { timeoutMs: 400 }))).toMatchObject({ kind: "timeout", retryable: true });
    expect(performance.now() - startedAt).toBeLessThan(650);
    await expect.poll(() => upstream.connections, { timeout: 1_000 }).toBe(0);
  });

  test.each<[string, RawAnswer]>([
    ["reset before a byte", (socket) => socket.resetAndDestroy()],
    ["closed before a byte", (socket) => socket.end()],
    ["closed inside its head", (socket) => socket.end(rawHead(200, json).subarray(0, 20))],
    [
      "reset in the middle",
      (socket) => socket.write(rawReply(200, { "content-length": "99" }, "{"), () => reset(socket)),
    ],
    ["closed before its stated length", (socket) => socket.end(rawReply(200, { "content-length": "99" }, "{}"))],
    ["closed inside a chunk", (socket) => socket.end(rawReply(200, events, "ff\r\ndata: "))],
    ["closed without the last chunk", (socket) => socket.end(rawReply(200, events, rawChunk("data: x\n\n")))],
    [
      "of two lengths",
      (socket) => socket.write(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\n{}")),
    ],
    [
      "of a length and chunks",
      (socket) => socket.write(rawReply(200, { ...events, "content-length": "2" }, rawChunk("{}"))),
    ],
    ["with a chunk of no size", (socket) => socket.write(rawReply(200, events, "zz\r\n{}\r\n0\r\n\r\n"))],
    [
      "with headers beyond all measure",
      (socket) => socket.write(rawReply(200, { "x-much": "x".repeat(100_000) }, "{}")),
    ],
    ["of another protocol", (socket) => socket.end("220 smtp ready\r\n")],
    ["that changes the protocol", (socket) => socket.write(rawHead(101, { upgrade: "x", connection: "upgrade" }))],
  ])("fault 31: an answer %s is never a success, and comes at once", async (_name, answer) => {
    upstream.answer(answer);
    const startedAt = performance.now();
    const error = await failure(call(http(), { timeoutMs: 10_000 }));
    expect(error).toMatchObject({ kind: "upstream", service: "Acme", retryable: true });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    upstream.answer((socket) => socket.write(sound));
    expect(await call(http())).toBe('{"name":"a"}');
  });

  test("what comes after an answer on the same connection is never the next call's", async () => {
    const spine = http();
    const other = rawReply(200, json, '{"name":"of another"}');
    upstream.answer((socket) => socket.write(Buffer.concat([sound, other])));
    expect(await call(spine)).toBe('{"name":"a"}');
    upstream.answer((socket) => {
      socket.write(sound);
      setTimeout(() => socket.write(other), 20);
    });
    expect(await call(spine)).toBe('{"name":"a"}');
    await delay(60);
    upstream.answer((socket) => socket.write(sound));
    for (let round = 0; round < 3; round += 1) expect(await call(spine)).toBe('{"name":"a"}');
  });

  test("early hints come before the answer and are none", async () => {
    upstream.answer((socket) => socket.write(Buffer.concat([rawHead(103, { link: "</a>" }), sound])));
    expect(await call(http())).toBe('{"name":"a"}');
  });

  test("fault 32: a connection closed while it was idle costs no call", async () => {
    const spine = http();
    upstream.answer((socket) => socket.write(sound, () => setTimeout(() => socket.end(), 10)));
    for (let round = 0; round < 5; round += 1) {
      expect(await call(spine)).toBe('{"name":"a"}');
      await delay(30);
    }
    expect(upstream.accepted).toBe(5);
  });

  test("fault 32: a connection that went silent is dropped, the next call takes another", async () => {
    const spine = http();
    await call(spine);
    upstream.answer(() => undefined);
    expect(await failure(call(spine, { timeoutMs: 200 }))).toMatchObject({ kind: "timeout" });
    upstream.answer((socket) => socket.write(sound));
    expect(await call(spine)).toBe('{"name":"a"}');
    expect(upstream.accepted).toBe(2);
  });

  test.each([
    ["ENOTFOUND", "does not exist"],
    ["EAI_AGAIN", "cannot be resolved right now"],
  ])("fault 36: a name that gives %s is said as that, and may be tried again", async (code, text) => {
    const dispatcher = createDispatcher({
      lookup: (_host, _options, done) => done(Object.assign(new Error(code), { code }), []),
    });
    const error = await failure(call(http({ baseUrl: "http://models.example/v1", dispatcher })));
    expect(error).toMatchObject({ kind: "upstream", retryable: true });
    expect(error["message"]).toContain(text);
    await dispatcher.destroy();
  });

  test("a caller who leaves frees the socket at once, and nothing is left behind", async () => {
    upstream.answer((socket) => socket.write(rawReply(200, events, rawChunk("data: x\n\n"))));
    const controller = new AbortController();
    const spine = http();
    const leaving = call(spine, { signal: controller.signal });
    await expect.poll(() => upstream.requests.length).toBe(1);
    await delay(30);
    controller.abort(new Error("gone"));
    await expect(leaving).rejects.toThrow("gone");
    await expect.poll(() => upstream.connections, { timeout: 1_000 }).toBe(0);
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    expect(spine.breakers()).toEqual({ chat: "closed" });
  });

  test("fault 28: five failures, and the sixth call does not reach the service", async () => {
    upstream.answer((socket) => socket.write(rawReply(500, json, "{}")));
    const spine = http({ breaker: { minimumCalls: 5 } });
    for (let round = 0; round < 8; round += 1) await failure(call(spine));
    expect(upstream.requests).toHaveLength(5);
    const startedAt = performance.now();
    expect(await failure(call(spine))).toMatchObject({ kind: "unavailable" });
    expect(performance.now() - startedAt).toBeLessThan(100);
  });

  test("a credential that does not come is a time-out", async () => {
    const spine = http({ auth: () => new Promise<never>(() => {}) });
    expect(await failure(call(spine, { timeoutMs: 100 }))).toMatchObject({ kind: "timeout" });
    await expect(call(spine, { signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
  }, 2_000);
});

function reset(socket: Parameters<RawAnswer>[0]): void {
  // What was written must have left before, or it would be thrown away with the connection.
  setTimeout(() => socket.resetAndDestroy(), 20);
}

function drip(socket: Parameters<RawAnswer>[0], text: string, before?: Buffer): void {
  if (before) socket.write(before);
  let sent = 0;
  const timer = setInterval(() => socket.write(text[sent++ % text.length] ?? ""), 50);
  socket.on("close", () => clearInterval(timer));
}
