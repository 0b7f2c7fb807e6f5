import type { ToolContext } from "@sophia/core/mcp/define-tool";
import OpenAI from "openai";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type AiHarness, startAiHarness } from "../testing/ai-harness.ts";
import type { AiServices } from "../services.ts";
import { reportUsage } from "../tools/report-usage.ts";
import { setBudget } from "../tools/set-budget.ts";

let harness: AiHarness;
beforeAll(async () => void (harness = await startAiHarness()));
afterAll(() => harness.close());

function createContext(): ToolContext<AiServices> {
  return {
    services: harness.services,
    caller: { id: "c1", name: "tester", scopes: ["read", "write"] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
}

const ask = (client: OpenAI, content: string) =>
  client.chat.completions.create({
    model: "simulated/small",
    messages: [{ role: "user", content }],
  });

test("what the gateway answered is reported as the ledger has it, by caller and with its cache hits", async () => {
  const [first, second] = [await harness.createClient(), await harness.createClient()];
  await ask(first, "one");
  await ask(second, "two");
  // An answer is given to the cache after it was sent.
  await vi.waitFor(async () => {
    const { response } = await ask(first, "one").withResponse();
    expect(response.headers.get("x-sophia-cache")).toBe("hit");
  });
  const report = await reportUsage.run(reportUsage.input.parse({ groupBy: "caller" }), createContext());
  const { costUsd } = await harness.spent();
  expect(costUsd).toBeGreaterThan(0);
  expect(report.total.costUsd).toBeCloseTo(costUsd, 9);
  expect(report.total).toMatchObject({ exactHits: 1, errors: 0, bypassed: 0 });
  expect(report.groups).toHaveLength(2);
  expect(report.groups.every(({ name }) => name !== undefined)).toBe(true);
  // The hit alone is saved: the named model is its own baseline.
  expect(report.savings?.comparedCalls).toBe(report.total.calls);
  expect(report.savings?.savedUsd).toBeGreaterThan(0);
  expect(report.savings?.actualUsd).toBeCloseTo(costUsd, 9);
});

test("a budget that is used up refuses the next call, and raising it lets it through", async () => {
  const client = await harness.createClient();
  const [caller] = await harness.services.usage.callers.list();
  const context = createContext();
  const lower = setBudget.input.parse({ caller: caller?.id, usdPerDay: 0 });
  await setBudget.apply(lower, await setBudget.plan(lower, context), context);
  const refused = await ask(client, "four").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(OpenAI.APIError);
  expect(String(refused)).toContain("per day");
  const raise = setBudget.input.parse({ caller: caller?.id, usdPerDay: 1 });
  const plan = await setBudget.plan(raise, context);
  expect(plan.risk).toBe("medium");
  await setBudget.apply(raise, plan, context);
  expect((await ask(client, "four")).choices).toHaveLength(1);
  const report = await reportUsage.run(reportUsage.input.parse({ caller: caller?.id }), context);
  expect(report.budgets).toMatchObject([{ window: "day", limitUsd: 1 }]);
  expect(report.total).toMatchObject({ calls: 2, errors: 1 });
});
