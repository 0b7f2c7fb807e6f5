import { rawReply, type RawRequest } from "@sophia/core/testing/raw-upstream";
import { dataPolicies, promisesEnough } from "@sophia/core/routing/data-policy";
import { openrouterProvider } from "@sophia/vendors/openrouter/provider";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StoredPolicy } from "../policies/stored-policy.ts";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import { completionText, rawJson, type RawProvider, startRawProvider } from "../testing/raw-provider.ts";
import { createPolicyKey } from "../testing/policy-key.ts";

const secretText = "what the board decided on Monday";
let provider: RawProvider;
let harness: AiHarness | undefined;
let received: RawRequest[];

beforeEach(async () => {
  received = [];
  provider = await startRawProvider(["m/chat", "m/embed", "m/rerank"]);
  provider.answer((socket, request) => {
    received.push(request);
    socket.write(rawReply(200, rawJson, answerTo(request.route)));
  });
});
afterEach(async () => {
  await harness?.close();
  await provider.stop();
});

function answerTo(route: string): string {
  const usage = { prompt_tokens: 7, total_tokens: 7 };
  if (route.endsWith("/embeddings"))
    return JSON.stringify({ data: [{ index: 0, embedding: [3, 4] }], model: "m", usage });
  if (route.endsWith("/rerank"))
    return JSON.stringify({ results: [{ index: 0, relevance_score: 1 }], model: "m", usage });
  return completionText("decided");
}

interface World {
  settings?: Record<string, string>;
  mode?: "live" | "local";
  /** Asks with preferences, as OpenRouter is. */
  asksEach?: boolean;
}

async function open({ settings = {}, mode = "live", asksEach = false }: World): Promise<void> {
  const profile = { ...openrouterProvider, baseUrl: provider.url };
  const endpoint = { service: "openrouter", mode, baseUrl: provider.url, models: [], ...(asksEach && { profile }) };
  harness = await startAiHarness({
    endpoints: () => [endpoint],
    settings: { SOPHIA_AI_DEFAULT_MODEL: "m/chat", ...settings },
  });
}

async function createKey(policy: Partial<StoredPolicy>) {
  if (!harness) throw new Error("no server");
  const { post } = await createPolicyKey(harness, policy);
  const messages = [{ role: "user", content: secretText }];
  return {
    post,
    named: () => post("chat/completions", { model: "m/chat", messages }),
    auto: () => post("chat/completions", { model: "auto", messages }),
    embeddings: () => post("embeddings", { model: "m/embed", input: secretText }),
    rerank: () => post("rerank", { model: "m/rerank", query: secretText, documents: ["a"] }),
  };
}

const routes = ["named", "auto", "embeddings", "rerank"] as const;

describe.each(dataPolicies)("an endpoint whose contract promises %s", (promised) => {
  test("answers keys that demand no more, and sees no byte of the others' texts", async () => {
    const isLocal = promised === "local";
    const told = { SOPHIA_AI_DATA_POLICIES: `openrouter=${promised}` };
    await open(isLocal ? { mode: "local" } : { settings: told });
    for (const demanded of dataPolicies) {
      const key = await createKey({ dataPolicy: demanded });
      for (const route of routes) {
        received.length = 0;
        const response = await key[route]();
        const text = await response.text();
        const where = `${route}: ${demanded} of ${promised}`;
        if (promisesEnough(promised, demanded)) {
          expect(response.status, `${where} ${text}`).toBe(200);
          expect(received, where).toHaveLength(1);
          continue;
        }
        expect(received, where).toEqual([]);
        expect(response.status, `${where} ${text}`).toBeGreaterThanOrEqual(400);
        expect(text, where).toMatch(/promises|explain_route/);
      }
    }
  });
});

test("OpenRouter is asked for what the key demands, in every request", async () => {
  await open({ asksEach: true });
  const key = await createKey({ dataPolicy: "no_training" });
  const strict = await createKey({ dataPolicy: "zero_retention" });
  const local = await createKey({ dataPolicy: "local" });
  for (const route of routes) {
    received.length = 0;
    expect([(await key[route]()).status, (await strict[route]()).status], route).toEqual([200, 200]);
    const [lenient, careful] = received.map(({ body }) => JSON.parse(body) as { provider: object });
    expect(lenient?.provider, route).toMatchObject({ data_collection: "deny" });
    expect(careful?.provider, route).toMatchObject({ data_collection: "deny", zdr: true });
    expect((await local[route]()).status, route).toBeGreaterThanOrEqual(400);
    expect(received, route).toHaveLength(2);
  }
});

test("a region that is demanded is met only where it is told", async () => {
  await open({ settings: { SOPHIA_AI_REGIONS: "openrouter=eu, other=us" } });
  const [here, elsewhere] = [await createKey({ region: "eu" }), await createKey({ region: "us" })];
  for (const route of routes) {
    received.length = 0;
    expect((await elsewhere[route]()).status, route).toBeGreaterThanOrEqual(400);
    expect(received, route).toEqual([]);
    expect((await here[route]()).status, route).toBe(200);
  }
  expect(await (await elsewhere.named()).text()).toContain("SOPHIA_AI_REGIONS");
});

describe("a provider's model as the server's own embedder", () => {
  const settings = { SOPHIA_EMBED_MODEL: "m/embed" };
  const embedded = () => received.filter(({ route }) => route.endsWith("/embeddings"));

  test("sees no text of a key that keeps its own here, in no look-up, route or ranking", async () => {
    await open({ settings });
    const key = await createKey({ dataPolicy: "no_training" });
    expect((await key.named()).status).toBeGreaterThanOrEqual(400);
    expect((await key.auto()).status).toBeGreaterThanOrEqual(400);
    const own = await key.post("rerank", { model: "sophia-rerank", query: secretText, documents: [secretText, "b"] });
    expect([own.status, own.headers.get("x-sophia-provider")]).toEqual([200, "sophia"]);
    expect((await key.post("embeddings", { model: "sophia-embed", input: secretText })).status).toBe(403);
    expect(received).toEqual([]);
  });

  test("is booked to the caller of the look-up, once, as our own", async () => {
    await open({ settings });
    const key = await createKey({});
    expect((await key.named()).status).toBe(200);
    expect(embedded()).toHaveLength(1);
    // The same words again: the answer is kept, and nothing is embedded.
    expect((await key.named()).headers.get("x-sophia-cache")).toBe("hit");
    expect(embedded()).toHaveLength(1);
    const total = await harness?.spent();
    expect(total?.costUsd).toBeCloseTo(7 * 1e-6 + 10 * 1e-6 + 5 * 2e-6, 9);
    await harness?.services.callLog.flush();
    const calls = await harness?.platform.store.db.selectFrom("ai_calls").selectAll().execute();
    expect(calls?.map(({ model }) => model).toSorted()).toEqual(["m/chat", "m/embed", "raw"]);
    expect(new Set(calls?.map(({ caller }) => caller)).size).toBe(1);
  });
});

test("what is embedded and ranked here counts against the key's rate and models, and is in the call log", async () => {
  await open({});
  const key = await createKey({ requestsPerMinute: 1, allowedModels: ["sophia-embed", "sophia-rerank"] });
  expect((await key.post("embeddings", { model: "sophia-embed", input: "a" })).status).toBe(200);
  expect((await key.post("embeddings", { model: "sophia-embed", input: "a" })).status).toBe(429);
  const other = await createKey({ allowedModels: ["sophia-rerank"] });
  expect((await other.post("rerank", { query: "a", documents: ["a"] })).status).toBe(200);
  expect((await other.post("embeddings", { model: "sophia-embed", input: "a" })).status).toBe(403);
  expect((await other.post("rerank", { model: "m/chat", query: "a", documents: ["a"] })).status).toBe(404);
  await harness?.services.callLog.flush();
  const calls = await harness?.platform.store.db.selectFrom("ai_calls").selectAll().execute();
  expect(calls?.map(({ model }) => model).toSorted()).toEqual([
    expect.stringMatching(/^lexical/),
    expect.stringMatching(/^vectors:lexical/),
  ]);
});
