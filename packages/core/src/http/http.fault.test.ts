import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pino } from "pino";
import { z } from "zod";
import { Secret } from "../config/secret.ts";
import { startFakeUpstream, type FakeUpstream } from "../testing/fake-upstream.ts";
import { startFaultProxy, type FaultProxy } from "../testing/fault-proxy.ts";
import { createHttp, type Http, type HttpCall, type HttpOptions } from "./http.ts";

const log = pino({ level: "silent" });
const Item = z.object({ name: z.string() });
const secret = "sk-canary-0123456789abcdef";

let upstream: FakeUpstream;
let proxy: FaultProxy;
let opened: Http[];

beforeEach(async () => {
  upstream = await startFakeUpstream();
  proxy = await startFaultProxy({ port: upstream.port });
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((http) => http.close()));
  await proxy.stop();
  await upstream.stop();
});

function http(options: Partial<HttpOptions> = {}): Http {
  const auth = { in: "bearer", secret: new Secret(secret) } as const;
  const baseUrl = upstream.url;
  const made = createHttp({ service: "Acme", baseUrl, auth, log, random: () => 0, timeoutMs: 5_000, ...options });
  opened.push(made);
  return made;
}

function throughProxy(options: Partial<HttpOptions> = {}): Http {
  return http({ baseUrl: `http://127.0.0.1:${proxy.port}`, attempts: 1, timeoutMs: 1_000, ...options });
}

async function failure(call: Promise<unknown>): Promise<Record<string, unknown>> {
  return await call.then(
    () => Promise.reject(new Error("it succeeded")),
    (error: unknown) => error as Record<string, unknown>,
  );
}

describe("fault 28: server errors", () => {
  test.each([500, 502, 503, 504])("fault 28: %i is retried and then told, with the service's name", async (status) => {
    upstream.on("GET /x", { status, body: "stack trace with secrets" });
    const error = await failure(http().request({ path: "/x", schema: Item }));
    expect(error).toMatchObject({ service: "Acme", status, retryable: true });
    expect(["upstream", "unavailable", "timeout"]).toContain(error["kind"]);
    expect(`${String(error["message"])} ${String(error["hint"])}`).not.toContain("stack trace");
    expect(upstream.requests.length).toBeGreaterThan(1);
  });

  test("fault 28: a passing failure is not seen by the caller", async () => {
    upstream.on("GET /x", { status: 503 }, { body: { name: "a" } });
    expect((await http().request({ path: "/x", schema: Item })).data).toEqual({ name: "a" });
  });

  test("fault 28: during an outage the service sees at most 1.1 times the calls, then the breaker opens", async () => {
    upstream.on("GET /x", { status: 500 });
    const spine = http();
    const errors = [];
    for (let call = 0; call < 100; call++) errors.push(await failure(spine.request({ path: "/x", schema: Item })));
    expect(upstream.requests.length).toBeLessThanOrEqual(110);
    expect(upstream.requests.length).toBeLessThan(30);
    expect(spine.breakers()).toEqual({ GET: "open" });
    expect(errors.at(-1)).toMatchObject({ kind: "unavailable", retryAfterMs: expect.any(Number) as number });
  });

  test("fault 28: a part that fails has its own breaker; the others go on", async () => {
    upstream.on("POST /x", { status: 500 });
    const states: string[] = [];
    const observer = {
      breaker: (_service: string, operation: string, state: string) => states.push(`${operation} ${state}`),
    };
    const spine = http({ attempts: 1, breaker: { minimumCalls: 5 }, observer });
    const ask = (part: string) =>
      spine.request({ method: "POST", path: "/x", operation: "chat", part, idempotent: true, schema: Item });
    for (let call = 0; call < 5; call++) await failure(ask("broken"));
    expect(spine.breakers()).toEqual({ "chat broken": "open" });
    upstream.on("POST /x", { body: { name: "a" } });
    expect(await failure(ask("broken"))).toMatchObject({ kind: "unavailable" });
    expect((await ask("sound")).data).toEqual({ name: "a" });
    // Parts are no labels: metrics are told the worst of them.
    expect(states).toEqual(["chat open"]);
  });

  test("4xx answers do not open the breaker", async () => {
    upstream.on("GET /x", { status: 404 });
    const spine = http();
    for (let call = 0; call < 40; call++) await failure(spine.request({ path: "/x", schema: Item }));
    expect(upstream.requests).toHaveLength(40);
    expect(spine.breakers()).toEqual({ GET: "closed" });
  });

  test.each([
    [400, "invalid_input"],
    [401, "not_configured"],
    [402, "budget_exceeded"],
    [403, "denied"],
    [404, "not_found"],
    [408, "timeout"],
    [422, "invalid_input"],
    [429, "rate_limited"],
    [503, "unavailable"],
    [504, "timeout"],
  ])("status %i becomes %s", async (status, kind) => {
    upstream.on("GET /x", { status });
    expect(await failure(http({ attempts: 1 }).request({ path: "/x", schema: Item }))).toMatchObject({ kind, status });
  });

  test("an adapter may say what the vendor meant, in our words", async () => {
    upstream.on("GET /x", { status: 432, body: { detail: "plan limit" } });
    const spine = http({
      explain: (_status, body) =>
        JSON.stringify(body).includes("plan") ? { kind: "budget_exceeded", hint: "Buy more." } : undefined,
    });
    const error = await failure(spine.request({ path: "/x", schema: Item }));
    expect(error).toMatchObject({ kind: "budget_exceeded", hint: "Buy more.", retryable: false });
  });
});

describe("fault 29: 429", () => {
  test("fault 29: Retry-After is obeyed, and sibling calls to the service are paused too", async () => {
    upstream.on("GET /a", { status: 429, headers: { "retry-after": "1" } }, { body: { name: "a" } });
    upstream.on("GET /b", { body: { name: "b" } });
    const spine = http();
    const start = performance.now();
    const first = spine.request({ path: "/a", schema: Item });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await spine.request({ path: "/b", schema: Item });
    expect(performance.now() - start).toBeGreaterThan(950);
    await first;
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  test.each([
    ["1e9", 60_000],
    ["3600", 60_000],
  ])(
    "fault 29: Retry-After %s is clamped, told to the caller, and nobody waits past the deadline",
    async (value, retryAfterMs) => {
      upstream.on("GET /x", { status: 429, headers: { "retry-after": value } });
      const spine = http();
      const start = performance.now();
      const error = await failure(spine.request({ path: "/x", schema: Item }));
      expect(error).toMatchObject({ kind: "rate_limited", retryAfterMs });
      const sibling = await failure(spine.request({ path: "/y", schema: Item }));
      expect(sibling).toMatchObject({ kind: "rate_limited", retryable: true });
      expect(sibling["retryAfterMs"]).toBeGreaterThan(50_000);
      expect(performance.now() - start).toBeLessThan(1_000);
      expect(upstream.requests).toHaveLength(1);
    },
  );

  test("fault 29: a pause longer than the caller is willing to wait is told at once, with its time", async () => {
    upstream.on("GET /x", { status: 429, headers: { "retry-after": "7" } });
    const spine = http({ attempts: 1, maxWaitMs: 3_000, timeoutMs: 60_000 });
    await failure(spine.request({ path: "/x", schema: Item }));
    const startedAt = performance.now();
    const error = await failure(spine.request({ path: "/x", schema: Item }));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(error).toMatchObject({ kind: "rate_limited" });
    expect(error["retryAfterMs"]).toBeGreaterThan(5_000);
    expect(upstream.requests).toHaveLength(1);
  });

  test.each(["-1", "junk", ""])("fault 29: Retry-After %j is no time: a short pause of our own", async (value) => {
    upstream.on("GET /x", { status: 429, headers: { "retry-after": value } }, { body: { name: "a" } });
    const start = performance.now();
    await http().request({ path: "/x", schema: Item });
    expect(performance.now() - start).toBeGreaterThan(900);
    expect(performance.now() - start).toBeLessThan(2_500);
  });
});

describe("fault 30, 31, 32: the connection", () => {
  test("fault 30: accepts and never answers: time-out within the deadline + 250 ms, socket freed", async () => {
    proxy.set([{ kind: "timeout", ms: 0 }]);
    upstream.on("GET /x", { body: { name: "a" } });
    const start = performance.now();
    const error = await failure(throughProxy({ timeoutMs: 300 }).request({ path: "/x", schema: Item }));
    expect(error).toMatchObject({ kind: "timeout", retryable: true });
    expect(performance.now() - start).toBeLessThan(550);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(proxy.connections).toBe(0);
  });

  test("fault 30: one byte at a time does not outlast the deadline", async () => {
    proxy.set([{ kind: "slicer", bytes: 1, delayMs: 50 }]);
    upstream.on("GET /x", { body: { name: "a".repeat(1_000) } });
    const start = performance.now();
    const error = await failure(throughProxy({ timeoutMs: 400 }).request({ path: "/x", schema: Item }));
    expect(error).toMatchObject({ kind: "timeout" });
    expect(performance.now() - start).toBeLessThan(650);
  });

  const body = { name: "a".repeat(50_000) };
  test.each([
    ["reset in the middle", [{ kind: "reset_peer", afterBytes: 10_000 }] as const, body, {}],
    ["closed in the middle of a stated length", [{ kind: "limit_data", bytes: 10_000 }] as const, body, {}],
    [
      "closed in the middle of a chunk",
      [{ kind: "limit_data", bytes: 10_000 }] as const,
      body,
      { "transfer-encoding": "chunked" },
    ],
    ["closed before the first byte", [{ kind: "limit_data", bytes: 0 }] as const, body, {}],
  ])("fault 31: %s is never a success", async (_name, toxics, content, headers) => {
    proxy.set(toxics);
    upstream.on("GET /x", { body: content, headers });
    const error = await failure(throughProxy().request({ path: "/x", schema: Item }));
    expect(error).toMatchObject({ kind: "upstream", service: "Acme", retryable: true });
  });

  test("fault 31: a cut body is fetched again while the budget lasts", async () => {
    proxy.set([{ kind: "limit_data", bytes: 10_000 }]);
    upstream.on("GET /x", { body });
    const call = throughProxy({ attempts: 4, random: () => 0.5, timeoutMs: 5_000 }).request({
      path: "/x",
      schema: Item,
    });
    setTimeout(() => proxy.set([]), 50);
    expect((await call).data).toEqual(body);
  });

  test("fault 32: a connection that went silent is dropped; the next call works at once", async () => {
    upstream.on("GET /x", { body: { name: "a" } });
    const spine = throughProxy({ timeoutMs: 300 });
    await spine.request({ path: "/x", schema: Item });
    proxy.set([{ kind: "timeout", ms: 0 }]);
    expect(await failure(spine.request({ path: "/x", schema: Item }))).toMatchObject({ kind: "timeout" });
    proxy.set([]);
    expect((await spine.request({ path: "/x", schema: Item })).status).toBe(200);
    expect(proxy.accepted).toBe(2);
  });

  test("nobody listens: retryable, without an address in the text", async () => {
    const error = await failure(
      http({ baseUrl: "http://127.0.0.1:1", attempts: 1 }).request({ path: "/x", schema: Item }),
    );
    expect(error).toMatchObject({ kind: "upstream", retryable: true, hint: expect.stringContaining("Start it") });
    expect(error["message"]).not.toContain("127.0.0.1");
  });
});

describe("what must not be sent twice", () => {
  const post = { method: "POST", path: "/runs", body: { a: 1 }, schema: Item } as const;

  test("a POST whose answer is lost is not repeated: the outcome is unknown", async () => {
    proxy.set([{ kind: "limit_data", bytes: 0 }]);
    upstream.on("POST /runs", { body: { name: "a" } });
    const error = await failure(throughProxy({ attempts: 4 }).request(post));
    expect(error).toMatchObject({ kind: "upstream", retryable: false });
    expect(error["hint"]).toMatch(/outcome unknown: look it up/i);
    expect(upstream.requests).toHaveLength(1);
  });

  test.each([
    ["a time-out", () => undefined],
    ["a 500", { status: 500 }],
    ["a reply that cannot be read", { body: "<html>" }],
  ])("nor one that ends in %s", async (_name, reply) => {
    upstream.on("POST /runs", reply);
    const error = await failure(http({ timeoutMs: 300 }).request(post));
    expect(error).toMatchObject({ kind: "upstream", retryable: false });
    expect(upstream.requests).toHaveLength(1);
  });

  test("a POST that was refused for the rate, or never left, is repeated", async () => {
    upstream.on("POST /runs", { status: 429, headers: { "retry-after": "0.1" } }, { body: { name: "a" } });
    expect((await http().request(post)).data).toEqual({ name: "a" });
    let attempts = 0;
    const observer = { call: (call: HttpCall) => (attempts = call.attempts) };
    const away = await failure(http({ baseUrl: "http://127.0.0.1:1", observer }).request(post));
    expect(away).toMatchObject({ retryable: true });
    expect(attempts).toBe(2);
  });

  test("a POST that is marked idempotent is repeated", async () => {
    upstream.on("POST /runs", { status: 502 }, { body: { name: "a" } });
    expect((await http().request({ ...post, idempotent: true })).data).toEqual({ name: "a" });
  });
});
