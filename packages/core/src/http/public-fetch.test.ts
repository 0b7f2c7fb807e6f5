import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pino } from "pino";
import { startFakeUpstream, type FakeUpstream } from "../testing/fake-upstream.ts";
import { createPublicFetch, isRefusedRedirect, type PublicFetchOptions } from "./public-fetch.ts";
import { createAddressPolicy } from "./address.ts";
import { createGuardedDispatcher, type Resolve } from "./guarded-dispatcher.ts";

const log = pino({ level: "silent" });
const { signal } = new AbortController();
const noLimits = { rate: { requests: 1_000, perMs: 1_000 }, concurrency: { concurrent: 100 } };
const denied = expect.objectContaining({ kind: "denied" }) as Error;

function fetcher(options: Partial<PublicFetchOptions> = {}): ReturnType<typeof createPublicFetch> {
  return createPublicFetch({ log, limits: noLimits, ...options });
}

/** A resolver that answers from a table and fails the test for any other name. */
function dns(table: Record<string, string[] | (() => string[])>): Resolve {
  return async (host) => {
    const entry = table[host];
    if (!entry) throw Object.assign(new Error("unknown"), { code: "ENOTFOUND" });
    const addresses = typeof entry === "function" ? entry() : entry;
    return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  };
}

test.each(["http://127.0.0.1/", "http://0x7f.1/", "http://metadata.google.internal/", "file:///etc/passwd"])(
  "fault 91: refuses %s before anything is connected",
  async (url) => {
    await expect(fetcher()(url, { signal })).rejects.toEqual(denied);
  },
);

test.each([8090, 8091, 8094])("fault 91: refuses our own port %i on any address", async (port) => {
  const fetch = fetcher({
    ownPorts: [8090, 8091, 8092, 8093, 8094],
    resolve: dns({ "our.example": ["93.184.216.34"] }),
  });
  await expect(fetch(`http://93.184.216.34:${port}/`, { signal })).rejects.toEqual(denied);
  await expect(fetch(`http://our.example:${port}/`, { signal })).rejects.toEqual(denied);
});

test("fault 91: a literal address is checked at connect as well, where no name is looked up", async () => {
  const upstream = await startFakeUpstream();
  const guarded = createGuardedDispatcher({ policy: createAddressPolicy() });
  const request = guarded.request({ origin: upstream.url, path: "/", method: "GET" });
  await expect(request).rejects.toEqual(denied);
  await guarded.destroy();
  await upstream.stop();
});

describe("names", () => {
  let upstream: FakeUpstream;
  beforeEach(async () => {
    upstream = await startFakeUpstream();
  });
  afterEach(async () => {
    await upstream.stop();
  });

  test.each([
    ["a private address", ["10.0.0.1"]],
    ["loopback", ["127.0.0.1"]],
    ["metadata over IPv6", ["fd00:ec2::254"]],
    ["a mapped address", ["::ffff:127.0.0.1"]],
    ["one private among public ones", ["93.184.216.34", "127.0.0.1"]],
  ])("fault 91: refuses a name that resolves to %s", async (_name, addresses) => {
    const fetch = fetcher({ resolve: dns({ "evil.example": addresses }) });
    await expect(fetch(`http://evil.example:${upstream.port}/`, { signal })).rejects.toEqual(denied);
    expect(upstream.requests).toHaveLength(0);
  });

  test("fault 92: a name that is public when looked up first and private at connect is refused", async () => {
    let lookups = 0;
    const resolve = dns({ "rebind.example": () => (lookups++ === 0 ? ["127.0.0.2"] : ["127.0.0.1"]) });
    // 127.0.0.2 stands for the public address: allowed, but nobody listens there.
    const fetch = fetcher({ resolve, allowPrivate: ["127.0.0.2"] });
    const url = `http://rebind.example:${upstream.port}/`;
    await expect(fetch(url, { signal })).rejects.toMatchObject({ kind: "upstream" });
    await expect(fetch(url, { signal })).rejects.toEqual(denied);
    expect(lookups).toBe(2);
    expect(upstream.requests).toHaveLength(0);
  });

  test("fault 92: a name is resolved once for a connection, and the checked address is the one used", async () => {
    let lookups = 0;
    upstream.on("GET /", { body: "hello" });
    const resolve = dns({ "pinned.example": () => (lookups++ === 0 ? ["127.0.0.1"] : ["10.0.0.1"]) });
    const page = await fetcher({ resolve, allowPrivate: ["127.0.0.1"] })(`http://pinned.example:${upstream.port}/`, {
      signal,
    });
    expect(page).toMatchObject({ status: 200, finalUrl: `http://pinned.example:${upstream.port}/` });
    expect(page.body.toString()).toBe("hello");
    expect(lookups).toBe(1);
  });

  test.each(["ENOTFOUND", "EAI_AGAIN"])(
    "fault 36: %s is a retryable error, and nothing of it is remembered",
    async (code) => {
      let lookups = 0;
      upstream.on("GET /", { body: "hello" });
      const resolve: Resolve = async () => {
        if (lookups++ === 0) throw Object.assign(new Error(code), { code });
        return [{ address: "127.0.0.1", family: 4 }];
      };
      const fetch = fetcher({ resolve, allowPrivate: ["127.0.0.1"] });
      const url = `http://flapping.example:${upstream.port}/`;
      await expect(fetch(url, { signal })).rejects.toMatchObject({ kind: "upstream", retryable: true });
      expect((await fetch(url, { signal })).status).toBe(200);
    },
  );
});

test("fault 36: an unknown name is told as one, a resolver in trouble as that", async () => {
  const failWith = (code: string) =>
    fetcher({ resolve: async () => Promise.reject(Object.assign(new Error(code), { code })) })(
      "http://nosuch.example/",
      {
        signal,
      },
    );
  await expect(failWith("ENOTFOUND")).rejects.toMatchObject({
    message: "The page cannot be reached: its name does not exist (DNS).",
    hint: "Check the spelling of the host name, and that this machine is on the internet.",
  });
  await expect(failWith("EAI_AGAIN")).rejects.toMatchObject({ hint: "Try again later." });
});

describe("pages", () => {
  let upstream: FakeUpstream;
  let fetch: ReturnType<typeof createPublicFetch>;
  beforeEach(async () => {
    upstream = await startFakeUpstream();
    fetch = fetcher({ allowPrivate: [`127.0.0.1:${upstream.port}`] });
  });
  afterEach(async () => {
    await upstream.stop();
  });

  test("gives the status, headers and body of any answer, missing pages too", async () => {
    upstream.on("GET /gone", { status: 404, headers: { "x-a": "b" }, body: "no such page" });
    const page = await fetch(`${upstream.url}/gone`, { signal });
    expect(page).toMatchObject({ status: 404, headers: { "x-a": "b" } });
    expect(page.body.toString()).toBe("no such page");
  });

  test("fault 35: follows three redirects, not four, and says where it ended", async () => {
    for (const hop of [1, 2, 3, 4]) upstream.on(`GET /${hop}`, { status: 302, headers: { location: `/${hop + 1}` } });
    upstream.on("GET /5", { body: "end" });
    const page = await fetch(`${upstream.url}/2`, { signal });
    expect(page.finalUrl).toBe(`${upstream.url}/5`);
    await expect(fetch(`${upstream.url}/1`, { signal })).rejects.toEqual(denied);
  });

  test.each([
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:1/",
    "http://localhost/",
    "file:///etc/passwd",
    "//10.0.0.1/",
    "http://user@example.com/",
  ])("fault 35, 91: refuses a redirect to %s", async (location) => {
    upstream.on("GET /", { status: 302, headers: { location } });
    const refusal = await fetch(`${upstream.url}/`, { signal }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      kind: "denied",
      message: "This address is not fetched. It redirects to an address that is not.",
    });
    expect(isRefusedRedirect(refusal)).toBe(true);
  });

  test("fault 35: a redirect loop ends", async () => {
    upstream.on("GET /", { status: 301, headers: { location: "/" } });
    await expect(fetch(`${upstream.url}/`, { signal })).rejects.toEqual(denied);
    expect(upstream.requests).toHaveLength(4);
  });

  test("fault 34: stops a page over the limit", async () => {
    upstream.on("GET /", { body: "x".repeat(100_000) });
    const request = fetch(`${upstream.url}/`, { signal, maxBytes: 10_000 });
    await expect(request).rejects.toMatchObject({ kind: "upstream", retryable: false });
  });

  test("fault 30: a page that never comes is a time-out; a cancelled call ends with its own reason", async () => {
    upstream.on("GET /", () => undefined);
    await expect(fetch(`${upstream.url}/`, { signal, timeoutMs: 100 })).rejects.toMatchObject({ kind: "timeout" });
    const controller = new AbortController();
    const call = fetch(`${upstream.url}/`, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("cancelled by the test")), 50);
    await expect(call).rejects.toThrow("cancelled by the test");
  });

  test("fault 96: refuses line breaks in headers", async () => {
    const headers = { "x-a": "b\r\nInjected: yes" };
    await expect(fetch(`${upstream.url}/`, { signal, headers })).rejects.toMatchObject({ kind: "invalid_input" });
  });

  test("fault 29: a host that says when to come back is left alone by everybody until then", async () => {
    upstream.on("GET /", { status: 429, headers: { "retry-after": "30" } });
    expect((await fetch(`${upstream.url}/`, { signal })).status).toBe(429);
    const sibling = fetch(`${upstream.url}/other`, { signal });
    await expect(sibling).rejects.toMatchObject({ kind: "rate_limited", retryAfterMs: expect.any(Number) as number });
    expect(upstream.requests).toHaveLength(1);
  });

  test("a page takes its place among those in flight until its last byte", async () => {
    let open = 0;
    let most = 0;
    upstream.on("GET /", async (_request, response) => {
      most = Math.max(most, ++open);
      response.writeHead(200).write("half");
      await new Promise((resolve) => setTimeout(resolve, 60));
      open--;
      response.end("half");
    });
    const limits = { ...noLimits, concurrency: { concurrent: 1 } };
    const single = fetcher({ allowPrivate: ["127.0.0.0/8"], limits });
    await Promise.all([1, 2, 3].map(() => single(`${upstream.url}/`, { signal })));
    expect(most).toBe(1);
  });

  test("asks one host at most as often as its limit says", async () => {
    upstream.on("GET /", { body: "x" });
    const slow = fetcher({
      allowPrivate: ["127.0.0.0/8"],
      limits: { rate: { requests: 10, perMs: 1_000, capacityFraction: 1, burst: 1 } },
    });
    const start = performance.now();
    await Promise.all([1, 2, 3].map(() => slow(`${upstream.url}/`, { signal })));
    expect(performance.now() - start).toBeGreaterThan(190);
  });
});
