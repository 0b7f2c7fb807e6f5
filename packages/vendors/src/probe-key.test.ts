import { Secret, unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { ProbeContext } from "@sophia/core/secrets/rotation/rotator";
import { type FakeReply, type FakeUpstream, startFakeUpstream } from "@sophia/core/testing/fake-upstream";
import { pino, stdSerializers } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createKeyProbe, type KeyCheck } from "./probe-key.ts";
import { services } from "./registry.ts";
import { keyChecks } from "./testing/key-checks.ts";

const key = new Secret("canary-key-0123456789abcdef");
const clear = unwrap(key);
const lines: string[] = [];
// As the product's own logger writes errors.
const serializers = { error: stdSerializers.errWithCause };
const log = pino({ level: "trace", serializers }, { write: (line: string) => void lines.push(line) });
let upstream: FakeUpstream;

beforeEach(async () => {
  lines.length = 0;
  upstream = await startFakeUpstream();
});
afterEach(() => upstream.stop());

/** Where each service's own setting says that it is, and what of its address that leaves. */
const settingOf: Record<string, (url: string) => Record<string, string>> = {
  portkey: (url) => ({ PORTKEY_BASE_URL: `${url}/v1` }),
  github: (url) => ({ GITHUB_API_URL: `${url}/api/v3` }),
  arize: (url) => ({ ARIZE_OTLP_ENDPOINT: `${url}/v1` }),
  pulumi: (url) => ({ PULUMI_BACKEND_URL: url }),
};

/** Asked with the key as bearer unless said otherwise. */
const asked: Record<string, { line: string; header?: Record<string, string>; answer: unknown }> = {
  openrouter: { line: "GET /api/v1/key", answer: { data: { label: "sk-or-v1-au7...890" } } },
  together: { line: "GET /v1/models", answer: [] },
  huggingface: { line: "GET /api/whoami-v2", answer: { type: "user", id: "1", name: "ada", auth: {} } },
  portkey: {
    line: "GET /v1/models?limit=1",
    header: { "x-portkey-api-key": clear },
    answer: { object: "list", total: 0, data: [] },
  },
  arize: { line: "GET /v2/spaces?limit=1", answer: { spaces: [], pagination: { has_more: false } } },
  apify: { line: "GET /v2/users/me/limits", answer: { data: { limits: {}, current: {} } } },
  phantombuster: {
    line: "GET /api/v2/orgs/fetch-resources",
    header: { "x-phantombuster-key": clear },
    answer: { planName: "Starter", agentCount: 1 },
  },
  twingly: {
    line: `GET /blog/search/api/v3/search?q=sophia+page-size%3A1&apikey=${clear}`,
    header: {},
    answer: '<?xml version="1.0"?>\n<twinglydata numberOfMatchesReturned="0" numberOfMatchesTotal="0" />',
  },
  tavily: { line: "GET /usage", answer: { key: { usage: 1, limit: null }, account: {} } },
  zenrows: {
    line: "GET /v1/subscriptions/self/details",
    header: { "x-api-key": clear },
    answer: { status: "ACTIVE", usage: 1 },
  },
  pulumi: { line: "GET /api/user", header: { authorization: `token ${clear}` }, answer: { githubLogin: "ada" } },
  lambda: { line: "GET /api/v1/regions", answer: { data: [] } },
  github: { line: "GET /api/v3/rate_limit", answer: { resources: { core: {} }, rate: {} } },
  pinecone: {
    line: "GET /indexes",
    header: { "api-key": clear, "x-pinecone-api-version": "2026-04" },
    answer: { indexes: [] },
  },
};

function routeOf({ service }: KeyCheck): string {
  return asked[service]?.line.split("?")[0] ?? "";
}

function answerOf({ service }: KeyCheck): unknown {
  return asked[service]?.answer;
}

async function probe(check: KeyCheck, change: Partial<ProbeContext> = {}): Promise<void> {
  const { baseUrl } = check;
  // Without a setting of its own, the service's address is that of the fake with the path it really has.
  const here =
    typeof baseUrl === "string" ? { baseUrl: upstream.url + new URL(baseUrl).pathname.replace(/\/$/, "") } : {};
  const settings = settingOf[check.service]?.(upstream.url) ?? {};
  const context = { settings, log, signal: AbortSignal.timeout(20_000), ...change };
  await createKeyProbe({ ...check, ...here })("ANY", key, context);
}

/** What it throws, after a look for the key in all of it and in the log. */
async function failure(call: Promise<void>): Promise<AppError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  const { message, hint, cause, stack } = error as AppError;
  expect([message, hint, String(cause), stack, ...lines].join("\n")).not.toContain(clear);
  return error as AppError;
}

function echo(status: number): FakeReply {
  return { status, body: { message: `no such key: ${clear}` } };
}

test("every service whose key can be asked about is asked, unless it rotates by itself", () => {
  const silent = services.filter(({ rotator, probeKey }) => !rotator && !probeKey).map(({ id }) => id);
  expect(silent).toEqual(["docker", "snowflake"]);
  expect(keyChecks.map(({ service }) => service).toSorted()).toEqual(Object.keys(asked).toSorted());
});

describe.each(keyChecks.map((check) => [check.service, check] as const))("%s", (id, check) => {
  test("asks once, with the key where the service wants it", async () => {
    upstream.on(routeOf(check), { body: answerOf(check) });
    await probe(check);
    expect(upstream.requests).toHaveLength(1);
    const [request] = upstream.requests;
    expect(`${request?.method} ${request?.path}`).toBe(asked[id]?.line);
    expect(request?.headers).toMatchObject(asked[id]?.header ?? { authorization: `Bearer ${clear}` });
    expect(request?.body).toBe("");
    expect(lines).toEqual([]);
  });

  test.each([401, 403])("takes status %i for a key that does not work, and asks no second time", async (status) => {
    upstream.on(routeOf(check), echo(status));
    const error = await failure(probe(check));
    expect(error).toMatchObject({ kind: "denied", status, service: id, retryable: false });
    expect(error.message).toBe(`${check.title} does not accept this key.`);
    expect(upstream.requests).toHaveLength(1);
  });

  test.each<[string, FakeReply]>([
    ["a server error", echo(500)],
    ["no time for this", { status: 429, headers: { "retry-after": "60" }, body: { message: clear } }],
    ["a redirect", { status: 302, headers: { location: "https://elsewhere.example/" } }],
    [
      "a refusal for people",
      { status: 403, headers: { "content-type": "text/html" }, body: "<!doctype html>No bots." },
    ],
    ["a page of something in between", { headers: { "content-type": "text/html" }, body: "<html>Sign in here</html>" }],
    ["an error with status 200", { body: { error: { message: clear } } }],
    ["nothing", { body: "" }],
  ])("does not blame the key for %s", async (_what, reply) => {
    upstream.on(routeOf(check), reply);
    const error = await failure(probe(check));
    expect(error.kind).not.toBe("denied");
    expect(upstream.requests.length).toBeLessThanOrEqual(2);
  });
});

test("whoever asked may give up", async () => {
  const [check] = keyChecks;
  upstream.on(routeOf(check as KeyCheck), () => {});
  const signal = AbortSignal.timeout(50);
  await expect(probe(check as KeyCheck, { signal })).rejects.toMatchObject({ name: "TimeoutError" });
});

const find = (id: string): KeyCheck => keyChecks.find(({ service }) => service === id) as KeyCheck;

test.each<[string, string, FakeReply]>([
  ["openrouter", "an error with status 200", { body: { error: { code: 401, message: "No auth" } } }],
  ["twingly", "an error with status 200", { body: '<error code="40101">\n<message>Unauthorized</message>\n</error>' }],
  [
    "twingly",
    "an error with another status",
    { status: 400, body: '<error code="40201"><message>x</message></error>' },
  ],
  ["zenrows", "its own code", { status: 400, body: { code: "AUTH002", title: "Invalid", status: 400 } }],
])("%s refuses a key by %s", async (id, _how, reply) => {
  upstream.on(routeOf(find(id)), reply);
  expect((await failure(probe(find(id)))).kind).toBe("denied");
});

test.each<[string, string, FakeReply]>([
  ["github", "its limit", { status: 403, body: { message: "You have exceeded a secondary rate limit." } }],
  ["zenrows", "a blocked address", { status: 403, body: { code: "BLK0001", title: "IP blocked" } }],
  [
    "twingly",
    "trouble of its own",
    { status: 503, body: '<error code="50301"><message>Authentication</message></error>' },
  ],
])("%s does not blame the key for %s", async (id, _what, reply) => {
  upstream.on(routeOf(find(id)), reply);
  expect((await failure(probe(find(id)))).retryable).toBe(true);
});

test("a GitHub Enterprise Server without limits has accepted the key when it says so", async () => {
  const body = { message: "Rate limiting is not enabled." };
  upstream.on("GET /api/v3/rate_limit", { status: 404, body }, { status: 404, body: { message: "Not Found" } });
  await probe(find("github"));
  expect((await failure(probe(find("github")))).kind).toBe("upstream");
});

test.each([
  ["arize", {}, "https://api.arize.com/v2"],
  ["arize", { ARIZE_OTLP_ENDPOINT: "https://otlp.eu-west-1a.arize.com/v1" }, "https://api.eu-west-1a.arize.com/v2"],
  ["pulumi", {}, "https://api.pulumi.com/api/"],
  ["pulumi", { PULUMI_BACKEND_URL: "file://~" }, "https://api.pulumi.com/api/"],
  ["pulumi", { PULUMI_BACKEND_URL: "https://own.example/pulumi/" }, "https://own.example/pulumi/api/"],
  ["portkey", {}, "https://api.portkey.ai/v1"],
  ["github", {}, "https://api.github.com"],
])("%s with %j is asked at %s", (id, settings, expected) => {
  const { baseUrl } = find(id);
  expect(typeof baseUrl === "function" && baseUrl(settings)).toBe(expected);
});

test.each(["ftp://elsewhere.example", "nonsense", "https://user:word@elsewhere.example"])(
  "a setting that holds %s sends the key nowhere",
  async (PORTKEY_BASE_URL) => {
    const error = await failure(probe(find("portkey"), { settings: { PORTKEY_BASE_URL } }));
    expect(error).toMatchObject({ kind: "not_configured", service: "portkey" });
    expect(error.message).not.toContain("elsewhere");
  },
);
