import { createTokens } from "@sophia/core/approval/tokens";
import { Secret } from "@sophia/core/config/secret";
import { type PortkeySimulator, startPortkeySimulator } from "@sophia/simulators/portkey/simulator";
import { createPortkeyProfile } from "@sophia/vendors/portkey/provider";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import { createToolContext } from "../testing/tool-context.ts";
import { listProviderCredits } from "../tools/list-provider-credits.ts";

const apiKey = "c2ltdWxhdGVkLXBvcnRrZXkta2V5";
const config = JSON.stringify({ provider: "openai", cache: { mode: "semantic" } });
const model = "@openai/gpt-5-mini";
let simulator: PortkeySimulator;
let harness: AiHarness;

beforeEach(async () => {
  simulator = await startPortkeySimulator({ apiKey });
  const { url } = simulator;
  const profile = createPortkeyProfile({ baseUrl: url, config });
  const secret = new Secret(apiKey);
  harness = await startAiHarness({
    endpoints: () => [{ service: "portkey", mode: "live", baseUrl: url, apiKey: secret, models: [], profile }],
  });
});
afterEach(async () => {
  await harness.close();
  await simulator.close();
});

async function ask(bearer: string, { stream = false, headers = {} }: { stream?: boolean; headers?: object } = {}) {
  const messages = [{ role: "user", content: "What is due this week?" }];
  const response = await fetch(`${harness.url}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${bearer}`,
      "content-type": "application/json",
      // Ours stands before theirs.
      "x-sophia-cache": "bypass",
      ...headers,
    },
    body: JSON.stringify({ model, messages, stream }),
  });
  await response.text();
  return response;
}

test("its cache answers only who asks for it, and costs nothing then, streamed or not", async () => {
  const bearer = await harness.createBearer();
  const wish = { headers: { "x-sophia-provider-cache": "3600" } };
  const first = await ask(bearer, wish);
  expect([first.status, first.headers.get("x-sophia-provider-cache")]).toEqual([200, "miss"]);
  const before = (await harness.spent()).costUsd;
  expect(before).toBeGreaterThan(0);
  const second = await ask(bearer, wish);
  expect(second.headers.get("x-sophia-provider-cache")).toBe("hit");
  expect(second.headers.get("x-sophia-cost-usd")).toBe("0");
  const streamed = await ask(bearer, { ...wish, stream: true });
  expect(streamed.headers.get("x-sophia-provider-cache")).toBe("hit");
  expect((await harness.spent()).costUsd).toBeCloseTo(before, 9);
  const plain = await ask(bearer);
  expect(plain.headers.get("x-sophia-provider-cache")).toBeNull();
  expect((await harness.spent()).costUsd).toBeGreaterThan(before);
  expect((await ask(bearer, { headers: { "x-sophia-provider-cache": "soon" } })).status).toBe(400);
});

test("its analytics are shown, and an opinion of an answer that went through it arrives once", async () => {
  const tokens = createTokens(harness.platform);
  const { bearer, id } = await tokens.create({ name: "bot", server: "ai", scopes: ["read"] });
  await expect.poll(async () => (await ask(bearer)).status, { interval: 120 }).toBe(200);
  const response = await ask(bearer);
  const requestId = response.headers.get("x-sophia-request-id") ?? "";
  const caller = { id, name: "bot", scopes: ["read" as const] };
  harness.platform.jobs.start();
  const { feedback } = harness.services;
  const give = () => feedback.give({ requestId, score: 0.25 }, caller);
  await expect
    .poll(async () => await give().catch(() => undefined))
    .toMatchObject({ taught: ["traces", "routing", "provider"] });
  await give();
  const sent = () => simulator.requests().find(({ traceId }) => traceId === requestId)?.feedback;
  await expect.poll(sent).toMatchObject([{ value: -5 }]);
  const context = createToolContext(harness.services);
  const { accounts } = await listProviderCredits.run(listProviderCredits.input.parse({}), context);
  expect(accounts).toMatchObject([{ service: "portkey", state: "stated", requestsThisMonth: 2, errorsThisMonth: 0 }]);
  expect(accounts[0]?.usedThisMonthUsd).toBeGreaterThanOrEqual(0);
});
