import { getEventListeners } from "node:events";
import { gzipSync } from "node:zlib";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pino } from "pino";
import { z } from "zod";
import { startFakeUpstream, type FakeUpstream } from "../testing/fake-upstream.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { createHttp, type Http, type HttpCall, type HttpOptions } from "./http.ts";
import { readEvents, readLines } from "./stream-text.ts";

const log = pino({ level: "silent" });
const Item = z.object({ name: z.string() });
let upstream: FakeUpstream;
let opened: Http[];

beforeEach(async () => {
  upstream = await startFakeUpstream();
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((http) => http.close()));
  await upstream.stop();
});

function http(options: Partial<HttpOptions> = {}): Http {
  const made = createHttp({
    service: "Acme",
    baseUrl: upstream.url,
    log,
    random: () => 0,
    timeoutMs: 5_000,
    ...options,
  });
  opened.push(made);
  return made;
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text, "latin1");
}

describe("text of a stream", () => {
  test("lines are put together across chunks, in the middle of a letter too", async () => {
    const letter = Buffer.from("ä").toString("latin1");
    const lines = collect(readLines("Acme", chunks('{"a":', `1}\r\n${letter[0]}`, `${letter[1]}\n\nlast`)));
    expect(await lines).toEqual(['{"a":1}', "ä", "", "last"]);
  });

  test("a long line that comes byte by byte costs no more than its length", async () => {
    const letters = async function* (): AsyncGenerator<Buffer> {
      for (let index = 0; index < 400_000; index++) yield Buffer.from("x");
      yield Buffer.from("\nend");
    };
    const start = performance.now();
    const lines = await collect(readLines("Acme", letters()));
    expect(lines.map((line) => line.length)).toEqual([400_000, 3]);
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  test("a line without end is cut off at the limit", async () => {
    const endless = readLines("Acme", chunks(...Array.from({ length: 100 }, () => "x".repeat(100))), 1_000);
    await expect(collect(endless)).rejects.toMatchObject({ kind: "upstream", retryable: false });
    const whole = readLines("Acme", chunks(`a\n${"x".repeat(2_000)}\nb\n`), 1_000);
    await expect(collect(whole)).rejects.toMatchObject({ kind: "upstream", retryable: false });
  });

  test("broken text is a bad reply", async () => {
    await expect(collect(readLines("Acme", chunks("\xff\xfe\n")))).rejects.toMatchObject({ kind: "upstream" });
  });

  test("events: fields, several data lines, comments; half an event at the end is none", async () => {
    const body = chunks(": hello\n", "event: delta\ndata: a\nda", "ta:b\nid: 7\n\n", "data\n\n\n", "data: half");
    expect(await collect(readEvents("Acme", body))).toEqual([
      { event: "delta", data: "a\nb", id: "7" },
      { event: undefined, data: "", id: "7" },
    ]);
  });
});

describe("stream()", () => {
  test("gives chunks as they come, unpacked", async () => {
    upstream.on("GET /x", { headers: { "content-encoding": "gzip" }, body: gzipSync("one\ntwo\n") });
    const { status, body } = await http().stream({ path: "/x" });
    expect(status).toBe(200);
    expect(await collect(readLines("Acme", body))).toEqual(["one", "two"]);
  });

  test("is retried until the first byte of the body, never after", async () => {
    upstream.on("GET /x", { status: 503 }, (_request, response) => {
      response.writeHead(200);
      response.write("part");
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
    });
    const { body } = await http().stream({ path: "/x" });
    const seen: string[] = [];
    async function read(): Promise<void> {
      for await (const chunk of body) seen.push(chunk.toString());
    }
    await expect(read()).rejects.toMatchObject({ kind: "upstream" });
    expect(seen).toEqual(["part"]);
    expect(upstream.requests).toHaveLength(2);
  });

  test("fault 38: silence between chunks ends it", async () => {
    upstream.on("GET /x", (_request, response) => {
      response.writeHead(200);
      response.write("part");
    });
    const { body } = await http().stream({ path: "/x", idleTimeoutMs: 200 });
    await expect(collect(body)).rejects.toMatchObject({ kind: "timeout" });
  });

  test("the total time covers the body", async () => {
    upstream.on("GET /x", (_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(timer));
    });
    const { body } = await http().stream({ path: "/x", timeoutMs: 300 });
    await expect(collect(body)).rejects.toMatchObject({ kind: "timeout" });
  });

  test("fault 34: the byte limit holds for streams", async () => {
    upstream.on("GET /x", { body: "x".repeat(100_000) });
    const { body } = await http().stream({ path: "/x", maxBytes: 1_000 });
    await expect(collect(body)).rejects.toMatchObject({ kind: "upstream", retryable: false });
  });

  test("a slow reader holds the sender back", async () => {
    let sent = 0;
    upstream.on("GET /x", async (_request, response) => {
      const chunk = Buffer.alloc(64 << 10);
      response.setMaxListeners(0);
      while (sent < 64 << 20 && !response.destroyed) {
        sent += chunk.length;
        if (!response.write(chunk)) await new Promise((go) => response.once("drain", go).once("close", go));
      }
      response.end();
    });
    const { body } = await http().stream({ path: "/x", maxBytes: 1 << 30 });
    await body.next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sent).toBeLessThan(32 << 20);
    await body.return();
  });

  test("leaving early frees the socket and the place in the limits", async () => {
    let isClosed = false;
    upstream.on("GET /x", (_request, response) => {
      response.on("close", () => {
        isClosed = true;
      });
      response.writeHead(200);
      response.write("part");
    });
    const limits = [{ class: "default", concurrency: { concurrent: 1 }, source: "test" }];
    const spine = http({ limits });
    const first = await spine.stream({ path: "/x" });
    for await (const _chunk of first.body) break;
    const second = await spine.stream({ path: "/x", timeoutMs: 1_000 });
    await second.body.next();
    await second.body.return();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isClosed).toBe(true);
  });
});

describe("around a call", () => {
  test("limits: the first row that matches decides", async () => {
    upstream.on("GET /slow", { body: { name: "a" } });
    upstream.on("GET /fast", { body: { name: "a" } });
    const spine = http({
      limits: [
        {
          class: "slow",
          path: /^\/slow/,
          rate: { requests: 10, perMs: 1_000, capacityFraction: 1, burst: 1 },
          source: "test",
        },
        { class: "default", source: "test" },
      ],
    });
    const start = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => spine.request({ path: "/fast", schema: Item })));
    expect(performance.now() - start).toBeLessThan(300);
    await Promise.all(Array.from({ length: 4 }, () => spine.request({ path: "/slow", schema: Item })));
    expect(performance.now() - start).toBeGreaterThan(290);
  });

  test("metrics and span see the call once, with attempts, outcome and the adapter's attributes", async () => {
    upstream.on("GET /x", { status: 503 }, { body: { name: "a" } }, { status: 404 });
    const calls: HttpCall[] = [];
    const spans: unknown[] = [];
    const spine = http({
      observer: {
        call: (call) => calls.push(call),
        async span(name, attributes, work) {
          const late: Record<string, unknown> = {};
          spans.push({ name, attributes, late });
          return await work((key, value) => {
            late[key] = value;
          });
        },
      },
    });
    await spine.request({ path: "/x", schema: Item, operation: "get item", attributes: { "gen_ai.system": "acme" } });
    await spine.request({ path: "/x", schema: Item, operation: "get item" }).catch(() => undefined);
    expect(calls).toMatchObject([
      { service: "Acme", operation: "get item", method: "GET", outcome: "ok", status: 200, attempts: 2 },
      { outcome: "not_found", status: 404, attempts: 1 },
    ]);
    expect(spans[0]).toMatchObject({
      name: "GET Acme",
      attributes: { "http.request.method": "GET", "server.address": "127.0.0.1", "gen_ai.system": "acme" },
      late: { "http.response.status_code": 200, "http.request.resend_count": 1 },
    });
  });

  test("leaves no timer and no listener behind, however it ends", async () => {
    upstream.on("GET /x", { body: { name: "a" } }, { status: 404 }, { body: "broken" });
    const clock = createVirtualClock();
    const spine = http({ clock, attempts: 1 });
    const { signal } = new AbortController();
    for (let call = 0; call < 3; call++)
      await spine.request({ path: "/x", schema: Item, signal }).catch(() => undefined);
    const { body } = await spine.stream({ path: "/x", signal });
    await collect(body);
    expect(clock.sleeping).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });

  test("a cancelled call ends at once with the caller's reason, and is no failure of the service", async () => {
    upstream.on("GET /x", () => undefined);
    const spine = http();
    const controller = new AbortController();
    const call = spine.request({ path: "/x", schema: Item, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("cancelled by the test")), 50);
    await expect(call).rejects.toThrow("cancelled by the test");
    expect(spine.breakers()).toEqual({ GET: "closed" });
  });

  test("bodies: object as JSON, form, bytes; integers beyond 2^53 kept; an empty reply where the schema allows it", async () => {
    upstream.on("POST /x", { body: '{"id":12345678901234567890}' });
    upstream.on("DELETE /x", { status: 204 });
    const spine = http();
    const schema = z.object({ id: z.string() });
    const reply = await spine.request({ method: "POST", path: "/x", body: { a: 1 }, schema, keepBigIntegers: true });
    expect(reply.data.id).toBe("12345678901234567890");
    await spine.request({ method: "POST", path: "/x", body: new URLSearchParams({ a: "b c" }), schema: z.unknown() });
    await spine.request({ method: "POST", path: "/x", body: Buffer.from([1, 2]), schema: z.unknown() });
    expect(upstream.requests.map(({ body, headers }) => [headers["content-type"], body])).toEqual([
      ["application/json", '{"a":1}'],
      ["application/x-www-form-urlencoded", "a=b+c"],
      ["application/octet-stream", "\u0001\u0002"],
    ]);
    expect((await spine.request({ method: "DELETE", path: "/x", schema: z.undefined() })).status).toBe(204);
  });

  test("speaks over a Unix socket, with the base URL's prefix", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sophia-http-"));
    const socketPath = join(folder, "engine.sock");
    const engine = await startFakeUpstream({ socketPath });
    engine.on("GET /v1.47/info", { body: { name: "engine" } });
    const reply = await http({ baseUrl: "http://docker/v1.47", socketPath }).request({ path: "/info", schema: Item });
    expect(reply.data).toEqual({ name: "engine" });
    await engine.stop();
    const error = http({ baseUrl: "http://docker", socketPath, attempts: 1 }).request({ path: "/info", schema: Item });
    await expect(error).rejects.toMatchObject({ kind: "upstream", retryable: false });
    rmSync(folder, { recursive: true });
  });
});

test("a stream nobody reads is let go at its deadline, without an unhandled error", async () => {
  let isClosed = false;
  upstream.on("GET /x", (_request, response) => {
    response.on("close", () => {
      isClosed = true;
    });
    response.writeHead(200);
    response.write("part");
  });
  const limits = [{ class: "default", concurrency: { concurrent: 1 }, source: "test" }];
  const spine = http({ limits });
  await spine.stream({ path: "/x", timeoutMs: 100 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(isClosed).toBe(true);
  const next = await spine.stream({ path: "/x", timeoutMs: 100 });
  await expect(collect(next.body)).rejects.toMatchObject({ kind: "timeout" });
});
