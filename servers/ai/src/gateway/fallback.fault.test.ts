import { hash } from "node:crypto";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { type OpenAiSimulator, startOpenAiSimulator } from "@sophia/simulators/openai/simulator";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";

let second: OpenAiSimulator;
let harness: AiHarness;
afterEach(async () => {
  await harness.close();
  await second.close();
});
beforeEach(async () => {
  second = await startOpenAiSimulator({ seed: 3 });
});

const model = "simulated/small";
const endpoint = (service: string, url: string): ModelEndpoint => ({ service, mode: "live", baseUrl: url, models: [] });
const twoPlaces = (first: OpenAiSimulator) => [endpoint("openrouter", first.url), endpoint("together", second.url)];
const ask = (content: string, more: object = {}) => ({
  model,
  messages: [{ role: "user" as const, content }],
  ...more,
});

async function send(body: object, bearer: string, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${harness.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

describe("one of two places fails", () => {
  let bearer: string;
  beforeEach(async () => {
    harness = await startAiHarness({ endpoints: twoPlaces });
    bearer = await harness.createBearer();
  });

  test.each([false, true])(
    "faults 28 and 40: a named model is answered by the other place (streamed: %j)",
    async (stream) => {
      harness.simulator.faults.set({ kind: "status", status: 503 });
      const answer = await send(ask("x", { stream }), bearer);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("x-sophia-provider")).toBe("together");
      expect(await answer.text()).toContain("[Simulated ");
      expect((await harness.spent()).entries).toBe(1);
    },
  );

  test("fault 28: after five failures nobody asks the dead place", async () => {
    harness.simulator.faults.set({ kind: "status", status: 500 }, 1_000);
    for (let index = 0; index < 9; index += 1) {
      expect((await send(ask(`dead ${index}`), bearer)).status).toBe(200);
    }
    const asked = harness.simulator.calls().filter((call) => call.path === "/v1/chat/completions");
    expect(asked).toHaveLength(5);
  });

  test("fault 38: a stream that is cut after it began is not begun anew, nor kept", async () => {
    harness.simulator.faults.set({ kind: "cut", afterEvents: 4 });
    const text = await (await send(ask("cut", { stream: true }), bearer)).text();
    expect(text).toContain('"error"');
    expect(text).not.toContain("[DONE]");
    expect(second.calls()).toEqual([]);
    expect((await send(ask("cut"), bearer)).headers.get("x-sophia-cache")).toBe("miss");
  });

  test("fault 39: when all are down one error names what was tried, and nothing is charged", async () => {
    harness.simulator.faults.set({ kind: "status", status: 500 });
    second.faults.set({ kind: "html" });
    const answer = await send(ask("down"), bearer);
    const { error } = (await answer.json()) as { error: { message: string } };
    expect(answer.status).toBe(503);
    expect(error.message).toContain(`${model} at openrouter (unavailable`);
    expect(error.message).toContain(`${model} at together (bad reply`);
    expect(error.message).not.toContain("VENDOR");
    expect((await harness.spent()).entries).toBe(0);
  });
});

describe("money", () => {
  const dailyUsd = 0.01;

  beforeEach(async () => {
    const settings = { SOPHIA_AI_BUDGET_USD_PER_DAY: String(dailyUsd) };
    harness = await startAiHarness({ endpoints: twoPlaces, settings });
  });

  test.each([false, true])(
    "of 50 concurrent calls on a budget for five, none is over (streamed: %j)",
    async (stream) => {
      const bearer = await harness.createBearer();
      harness.simulator.faults.set({ kind: "status", status: 503 }, 20);
      // About 0.002 USD each, all of it for the answer that is allowed.
      const body = (index: number) => ask(`call ${index}`, { max_tokens: 3_200, stream });
      const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => send(body(index), bearer)));
      const statuses = answers.map(({ status }) => status);
      await Promise.all(answers.map((answer) => answer.text()));
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(1);
      expect(statuses.filter((status) => status !== 200 && status !== 402 && status !== 503)).toEqual([]);
      const { costUsd } = await harness.spent();
      expect(costUsd).toBeLessThanOrEqual(dailyUsd);
      const rows = await harness.platform.store.db.selectFrom("ledger_buckets").select("cost_nano_usd").execute();
      expect(rows.reduce((sum, row) => sum + row.cost_nano_usd, 0) / 1e9).toBeLessThanOrEqual(dailyUsd);
    },
  );
});

test("the ledger of 10,000 mixed calls is what their usage says, to the cent", async () => {
  harness = await startAiHarness({ endpoints: twoPlaces });
  const signal = new AbortController().signal;
  const caller = { id: "c1", name: "c1", scopes: ["read" as const] };
  const { completions } = harness.services;
  let expectedUsd = 0;
  let lines = 0;
  const one = async (index: number) => {
    // A third repeats; some models cost more, some calls are streamed, some fail over.
    const number = Number.parseInt(hash("sha256", `${index}`).slice(0, 6), 16);
    const large = number % 5 === 0;
    const request = {
      model: large ? "simulated/large" : model,
      messages: [{ role: "user", content: `question ${number % 2_000}` }],
      ...(number % 3 === 0 && { stream: true }),
    };
    const call = { request, caller, requestId: `${index}`, signal, cache: "exact" as const };
    if (!request.stream) {
      const { costUsd, usage, cache } = await completions.complete(call);
      if (cache !== "miss") return;
      const [input, output] = large ? [3e-6, 15e-6] : [0.15e-6, 0.6e-6];
      expectedUsd += usage.inputTokens * input + usage.outputTokens * output;
      lines += 1;
      expect(costUsd).toBeCloseTo(usage.inputTokens * input + usage.outputTokens * output, 9);
      return;
    }
    const answer = await completions.stream(call);
    await new Promise<void>((resolve, reject) => {
      answer.join({ write: () => true, end: resolve, fail: reject });
    });
    if (answer.cache !== "miss") return;
    expectedUsd += answer.cost()?.costUsd ?? Number.NaN;
    lines += 1;
  };
  for (let start = 0; start < 10_000; start += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => one(start + index)));
  }
  const total = await harness.spent();
  expect(total.entries).toBe(lines);
  expect(total.costUsd).toBeCloseTo(expectedUsd, 6);
}, 60_000);
