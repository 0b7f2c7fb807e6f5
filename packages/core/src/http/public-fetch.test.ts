import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pino } from "pino";
import { startFakeUpstream, type FakeUpstream } from "../testing/fake-upstream.ts";
import { createAddressPolicy } from "./address.ts";
import { createPublicFetch, type PublicFetchOptions } from "./public-fetch.ts";
import type { Resolve } from "./guarded-dispatcher.ts";

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

const closedUrls = [
  "http://169.254.169.254/latest/meta-data/",
  "http://2852039166/",
  "http://0xa9fea9fe/",
  "http://0251.0376.0251.0376/",
  "http://0xA9.0xFE.0xA9.0xFE/",
  "http://169.254.43518/",
  "http://１６９.２５４.１６９.２５４/",
  "http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://[::ffff:169.254.169.254]/",
  "http://[0:0:0:0:0:ffff:7f00:1]/",
  "http://[64:ff9b::a9fe:a9fe]/",
  "http://[64:ff9b:1::1]/",
  "http://[2002:a9fe:a9fe::1]/",
  "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
  "http://[::7f00:1]/",
  "http://[::]/",
  "http://[::1]/",
  "http://[fe80::1]/",
  "http://[fc00::1]/",
  "http://[fd00:ec2::254]/",
  "http://[ff02::1]/",
  "http://[fec0::1]/",
  "http://[2001:db8::1]/",
  "http://127.0.0.1/",
  "http://127.1/",
  "http://0/",
  "http://0.0.0.0/",
  "http://10.1.2.3/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.0.1/",
  "http://100.64.0.1/",
  "http://100.100.100.200/",
  "http://192.0.0.192/",
  "http://198.18.0.1/",
  "http://168.63.129.16/",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://127.0.0.1:8091/mcp",
  "http://127.0.0.1./",
  "http://metadata.google.internal/",
  "http://metadata.google.internal./",
  "http://METADATA.goog/",
  "http://metadata/",
  "http://instance-data.ec2.internal/",
  "http://localhost/",
  "http://LOCALHOST./",
  "http://app.localhost/",
  "http://printer.local/",
  "http://vault.internal/",
  "http://router.lan/",
  "http://user@example.com/",
  "http://user:password@example.com/",
  "http://example.com@127.0.0.1/",
  "https://169.254.169.254%2eexample.com@169.254.169.254/",
  "file:///etc/passwd",
  "gopher://127.0.0.1:6379/_FLUSHALL",
  "ftp://example.com/",
  "data:text/html,x",
  "javascript:alert(1)",
  "blob:https://example.com/1",
];

test.each(closedUrls)("fault 91: refuses %s", async (url) => {
  await expect(fetcher()(url, { signal })).rejects.toEqual(denied);
});

test.each([
  "",
  "example.com",
  "http://",
  "http:///",
  "http://exa mple.com/",
  "http://example.com/\r\nHost: evil",
  "http://exam\tple.com/",
  "http://example.com\\@127.0.0.1/",
  "http://example.com:99999/",
  "http://[::1",
  "http://1.2.3.4.5.6.7.256/",
  `http://example.com/${"a".repeat(9_000)}`,
])("fault 91, 96: %j is no usable address", async (url) => {
  await expect(fetcher()(url, { signal })).rejects.toMatchObject({ kind: "invalid_input" });
});

test.each([8090, 8091, 8094])("fault 91: refuses our own port %i on any address", async (port) => {
  const fetch = fetcher({
    ownPorts: [8090, 8091, 8092, 8093, 8094],
    resolve: dns({ "our.example": ["93.184.216.34"] }),
  });
  await expect(fetch(`http://93.184.216.34:${port}/`, { signal })).rejects.toEqual(denied);
  await expect(fetch(`http://our.example:${port}/`, { signal })).rejects.toEqual(denied);
});

test("property: no way of writing a private address gets through", () => {
  const policy = createAddressPolicy();
  const privateAddress = fc.oneof(
    fc.tuple(fc.constant(127), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(10), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), fc.nat(255), fc.nat(255)),
  );
  const part = fc.constantFrom("decimal", "hex", "octal");
  fc.assert(
    fc.property(
      privateAddress,
      fc.array(part, { minLength: 4, maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (address, forms, parts) => {
        // An address may be written with its last numbers merged, each in any base.
        const [a, b, c, d] = address;
        const merged = [
          [((a * 256 + b) * 256 + c) * 256 + d],
          [a, (b * 256 + c) * 256 + d],
          [a, b, c * 256 + d],
          [a, b, c, d],
        ][parts - 1];
        const host = (merged ?? []).map((number, index) => written(number, forms[index] ?? "decimal")).join(".");
        expect(() => policy.checkUrl(`http://${host}/`)).toThrow(denied);
        const hex = [a * 256 + b, c * 256 + d].map((pair) => pair.toString(16)).join(":");
        for (const prefix of ["::ffff:", "::", "64:ff9b::"]) {
          expect(() => policy.checkUrl(`http://[${prefix}${hex}]/`)).toThrow(denied);
        }
        expect(() => policy.checkUrl(`http://[2002:${hex}::1]/`)).toThrow(denied);
      },
    ),
  );
});

function written(number: number, form: string): string {
  if (form === "hex") return `0x${number.toString(16)}`;
  return form === "octal" ? `0${number.toString(8)}` : String(number);
}

test("property: a public address passes, as do public names", () => {
  const policy = createAddressPolicy();
  const octet = fc.nat(255);
  fc.assert(
    fc.property(
      fc.constantFrom(1, 8, 23, 93, 142, 151, 185, 203, 216),
      octet,
      octet,
      fc.integer({ min: 1, max: 254 }),
      (a, b, c, d) => {
        fc.pre(!(a === 203 && b === 0 && c === 113));
        expect(policy.checkUrl(`https://${a}.${b}.${c}.${d}/`).hostname).toBe(`${a}.${b}.${c}.${d}`);
      },
    ),
  );
  for (const host of [
    "example.com",
    "internal.example.com",
    "local.dev",
    "metadata-docs.example",
    "[2606:4700::1111]",
  ]) {
    expect(() => policy.checkUrl(`https://${host}/`)).not.toThrow();
  }
});

test("property: any text is refused or leads to http(s) without a user", () => {
  const policy = createAddressPolicy();
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webUrl(),
        fc.string(),
        fc.string().map((text) => `http://${text}`),
      ),
      (text) => {
        try {
          const url = policy.checkUrl(text);
          expect(["http:", "https:"]).toContain(url.protocol);
          expect(url.username + url.password).toBe("");
        } catch (error) {
          expect(["denied", "invalid_input"]).toContain((error as { kind?: string }).kind);
        }
      },
    ),
    { numRuns: 500 },
  );
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
    await expect(fetch(`${upstream.url}/`, { signal })).rejects.toEqual(denied);
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
