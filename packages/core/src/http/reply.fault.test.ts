import { createServer, type AddressInfo, type Server } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pino } from "pino";
import { z } from "zod";
import { Secret } from "../config/secret.ts";
import { startFakeUpstream, type FakeUpstream } from "../testing/fake-upstream.ts";
import { createHttp, type Http, type HttpOptions } from "./http.ts";

const Item = z.object({ name: z.string() });
const secret = "sk-canary-0123456789abcdef";

let upstream: FakeUpstream;
let opened: Http[];
let logged: string[];

beforeEach(async () => {
  upstream = await startFakeUpstream();
  opened = [];
  logged = [];
});
afterEach(async () => {
  await Promise.all(opened.map((http) => http.close()));
  await upstream.stop();
  expect(logged.join("")).not.toContain(secret);
});

function http(options: Partial<HttpOptions> = {}): Http {
  const log = pino({ level: "debug" }, { write: (line: string) => void logged.push(line) });
  const auth = { in: "bearer", secret: new Secret(secret) } as const;
  const made = createHttp({
    service: "Acme",
    baseUrl: upstream.url,
    auth,
    log,
    random: () => 0,
    timeoutMs: 5_000,
    ...options,
  });
  opened.push(made);
  return made;
}

async function failure(call: Promise<unknown>): Promise<Record<string, unknown>> {
  return await call.then(
    () => Promise.reject(new Error("it succeeded")),
    (error: unknown) => error as Record<string, unknown>,
  );
}

describe("fault 33, 34: replies", () => {
  test.each([
    ["HTML", "<!doctype html><p>maintenance</p>"],
    ["nothing", ""],
    ["another shape", { title: "a" }],
    ["NaN", '{"name": NaN}'],
    ["a key twice", '{"name":"a","name":"b"}'],
    ["__proto__", '{"name":"a","__proto__":{"admin":true}}'],
    ["broken text", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ])("fault 33: %s is a bad reply from Acme, and not repeated to the caller", async (_name, body) => {
    upstream.on("GET /x", { body });
    const error = await failure(http({ attempts: 1 }).request({ path: "/x", schema: Item }));
    expect(error["kind"]).toBe("upstream");
    expect(error["message"]).toMatch(/^Bad reply from Acme: /);
    expect(JSON.stringify(error)).not.toMatch(/maintenance|admin|title/);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test("fault 34: a gigabyte is cut at the limit; memory grows by less than 50 MB", async () => {
    upstream.on("GET /x", async (_request, response) => {
      const chunk = Buffer.alloc(1 << 20, "x");
      response.setMaxListeners(0);
      for (let megabyte = 0; megabyte < 1_024 && !response.destroyed; megabyte++) {
        if (!response.write(chunk))
          await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
      }
      response.end();
    });
    await expectTooLarge();
  });

  test.each([
    ["gzip", gzipSync(Buffer.alloc(200 << 20))],
    ["br", brotliCompressSync(Buffer.alloc(200 << 20), { params: { 1: 1 } })],
  ])("fault 34: a %s bomb (1000:1) is cut while unpacking; memory grows by less than 50 MB", async (encoding, body) => {
    expect(body.length).toBeLessThan(300_000);
    upstream.on("GET /x", { headers: { "content-encoding": encoding }, body });
    await expectTooLarge();
  });

  async function expectTooLarge(): Promise<void> {
    const before = process.memoryUsage().rss;
    const error = await failure(http().request({ path: "/x", schema: z.unknown(), maxBytes: 1 << 20 }));
    expect(error).toMatchObject({ kind: "upstream", retryable: false });
    expect(error["message"]).toMatch(/too large/);
    expect(process.memoryUsage().rss - before).toBeLessThan(50 << 20);
    expect(upstream.requests).toHaveLength(1);
  }

  test("bytes that are no HTTP at all", async () => {
    const server: Server = createServer((socket) => socket.on("error", () => undefined).end("220 smtp ready\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await failure(http({ baseUrl, attempts: 1 }).request({ path: "/x", schema: Item }));
    expect(error).toMatchObject({ kind: "upstream", message: "Bad reply from Acme: it is not valid HTTP." });
    server.close();
  });
});

describe("fault 35: redirects", () => {
  let other: FakeUpstream;
  beforeEach(async () => {
    other = await startFakeUpstream();
  });
  afterEach(async () => {
    await other.stop();
  });

  test("fault 35: an API call is not redirected, wherever to", async () => {
    upstream.on("GET /x", { status: 302, headers: { location: `${other.url}/steal` } });
    const error = await failure(http().request({ path: "/x", schema: Item }));
    expect(error).toMatchObject({ kind: "upstream", status: 302, retryable: false });
    expect(other.requests).toHaveLength(0);
  });

  test("fault 35: where redirects are allowed, another private host is refused and sees nothing", async () => {
    upstream.on("GET /x", { status: 302, headers: { location: `${other.url}/steal` } });
    const error = await failure(http().request({ path: "/x", schema: Item, redirects: 3 }));
    expect(error).toMatchObject({ kind: "denied" });
    expect(other.requests).toHaveLength(0);
  });

  test("fault 35: the socket of a refused redirect is given back, however long its body", async () => {
    const closed = Promise.withResolvers<void>();
    upstream.on("GET /x", (_request, response) => {
      response.on("close", () => closed.resolve());
      response.writeHead(302, { location: `${other.url}/steal` }).write("x".repeat(1_000_000));
    });
    const spine = http();
    expect(await failure(spine.request({ path: "/x", schema: Item, redirects: 3 }))).toMatchObject({ kind: "denied" });
    await closed.promise;
  }, 2_000);

  test("fault 35: another host that is allowed gets neither the credential nor our other headers", async () => {
    upstream.on("GET /log", { status: 302, headers: { location: `${other.url}/file` } });
    other.on("GET /file", { body: { name: "a" } });
    const spine = http({ allowPrivate: [`127.0.0.1:${other.port}`], headers: { "x-account": "me", cookie: "a=b" } });
    expect((await spine.request({ path: "/log", schema: Item, redirects: 1 })).data).toEqual({ name: "a" });
    expect(upstream.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${secret}`, "x-account": "me" });
    for (const name of ["authorization", "x-account", "cookie"])
      expect(other.requests[0]?.headers).not.toHaveProperty(name);
  });

  test.each(["http://169.254.169.254/", "http://metadata.google.internal/", "file:///etc/passwd"])(
    "fault 35: nor to %s",
    async (location) => {
      upstream.on("GET /x", { status: 307, headers: { location } });
      const error = await failure(http().request({ path: "/x", schema: Item, redirects: 3 }));
      expect(error).toMatchObject({ kind: "denied" });
    },
  );

  test("fault 35: within the service at most three hops are followed, with the credential", async () => {
    for (const hop of [1, 2, 3, 4]) upstream.on(`GET /${hop}`, { status: 302, headers: { location: `/${hop + 1}` } });
    upstream.on("GET /5", { body: { name: "end" } });
    const spine = http();
    const reply = await spine.request({ path: "/2", schema: Item, redirects: 3 });
    expect(reply.data).toEqual({ name: "end" });
    expect(upstream.requests.at(-1)?.headers.authorization).toBe(`Bearer ${secret}`);
    expect(await failure(spine.request({ path: "/1", schema: Item, redirects: 3 }))).toMatchObject({ status: 302 });
  });

  test("fault 35: a POST is never redirected", async () => {
    upstream.on("POST /x", { status: 307, headers: { location: "/y" } });
    const error = await failure(http().request({ method: "POST", path: "/x", schema: Item, redirects: 3 }));
    expect(error).toMatchObject({ status: 307, retryable: false });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe("what leaves", () => {
  test("fault 96: line breaks in headers, query and path never reach a socket", async () => {
    const spine = http();
    const evil = "a\r\nInjected: yes";
    for (const request of [
      { path: "/x", headers: { "x-a": evil } },
      { path: "/x", query: { q: evil } },
      { path: `/${evil}` },
    ]) {
      expect(await failure(spine.request({ ...request, schema: Item }))).toMatchObject({ kind: "invalid_input" });
    }
    const broken = http({ auth: { in: "bearer", secret: new Secret("key\r\nInjected: yes") } });
    const error = await failure(broken.request({ path: "/x", schema: Item }));
    expect(`${String(error["message"])}${String(error["hint"])}`).not.toContain("Injected");
    expect(upstream.requests).toHaveLength(0);
  });

  test.each([
    [{ in: "bearer", secret: new Secret(secret) } as const, { authorization: `Bearer ${secret}` }],
    [{ in: "header", name: "X-Api-Key", secret: new Secret(secret) } as const, { "x-api-key": secret }],
    [
      { in: "basic", user: "me", secret: new Secret(secret) } as const,
      { authorization: `Basic ${Buffer.from(`me:${secret}`).toString("base64")}` },
    ],
  ])("puts the credential where the vendor wants it", async (auth, headers) => {
    upstream.on("GET /x", { body: { name: "a" } });
    await http({ auth }).request({ path: "/x", schema: Item });
    expect(upstream.requests[0]?.headers).toMatchObject(headers);
  });

  test("a credential in the query is sent, and not logged even when the call fails", async () => {
    upstream.on("GET /x", { status: 500 });
    const auth = { in: "query", name: "k", secret: new Secret(secret) } as const;
    await failure(http({ auth, attempts: 1 }).request({ path: "/x", query: { q: "cats" }, schema: Item }));
    expect(upstream.requests[0]?.path).toBe(`/x?q=cats&k=${secret}`);
    expect(logged.join("")).toContain("k=***");
  });

  test("a credential that does not come is a time-out, or ends with the caller", async () => {
    const spine = http({ auth: () => new Promise<never>(() => {}), timeoutMs: 100 });
    expect(await failure(spine.request({ path: "/x", schema: Item }))).toMatchObject({ kind: "timeout" });
    const signal = AbortSignal.abort(new Error("cancelled by the test"));
    await expect(spine.request({ path: "/x", schema: Item, signal })).rejects.toThrow("cancelled by the test");
  }, 1_000);

  test("a rotated credential is used from the next call on", async () => {
    upstream.on("GET /x", { body: { name: "a" } });
    let version = 1;
    const spine = http({ auth: () => ({ in: "bearer", secret: new Secret(`v${version++}`) }) });
    await spine.request({ path: "/x", schema: Item });
    await spine.request({ path: "/x", schema: Item });
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer v1", "Bearer v2"]);
  });
});
