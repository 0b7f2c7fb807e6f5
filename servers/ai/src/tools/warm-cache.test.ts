import type { Scope } from "@sophia/core/approval/caller";
import { AppError } from "@sophia/core/errors/app-error";
import type { Progress } from "@sophia/core/jobs/progress";
import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { ChatCall, WholeAnswer } from "../domain/chat-call.ts";
import type { ModelPrice } from "../domain/prices.ts";
import type { Target } from "../domain/targets.ts";
import { warmCache } from "./warm-cache.ts";

function open(
  costUsd: number,
  expectedUsd = costUsd,
  origin: ModelPrice["origin"] = "table",
  scopes: Scope[] = ["read"],
) {
  const asked: string[] = [];
  const calls: ChatCall[] = [];
  const steps: Progress[] = [];
  const complete = async (call: ChatCall): Promise<WholeAnswer> => {
    calls.push(call);
    const question = String(call.request.messages.at(-1)?.["content"]);
    asked.push(question);
    if (question.includes("fail")) throw new AppError("upstream", "The model gave no answer.");
    const known = question.includes("known");
    return {
      service: "openrouter",
      mode: "live",
      model: "m",
      cache: known ? "hit" : "miss",
      route: "named",
      overheadMs: 0,
      completion: {},
      bytes: undefined,
      usage: { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0, estimated: false },
      costUsd: known ? 0 : costUsd,
      priceKnown: true,
    };
  };
  const price: Pick<ModelPrice, "costOf" | "origin"> = { costOf: () => expectedUsd, origin };
  const models = { resolve: async () => ({ price, candidate: { model: "m", mode: "live" } }) as unknown as Target };
  const usage = { callers: { find: async (name: string) => ({ id: `tok_${name}`, name }) } };
  const context: ToolContext<{
    completions: { complete: typeof complete };
    models: typeof models;
    usage: typeof usage;
  }> = {
    services: { completions: { complete }, models, usage },
    caller: { id: "c1", name: "tester", scopes },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: (step) => steps.push(step),
    log: pino({ level: "silent" }),
  };
  return { asked, calls, steps, run: (input: object) => warmCache.run(warmCache.input.parse(input), context) };
}

test("asks each question once, tells what failed and how far it is", async () => {
  const { run, asked, steps } = open(0.01);
  const output = await run({ questions: ["one", "one", "known", "fail", "two"], budgetUsd: 1, system: "Be brief." });
  expect(output).toMatchObject({ asked: 2, cached: 1, left: [], source: { service: "openrouter", costUsd: 0.02 } });
  expect(output.failed).toEqual([{ question: "fail", why: "The model gave no answer." }]);
  expect(asked).toHaveLength(4);
  expect(steps.at(-1)).toMatchObject({ done: 4, total: 4 });
});

test("starts nothing that may lead beyond the budget, calls on their way counted", async () => {
  const { run } = open(0.01);
  const questions = Array.from({ length: 20 }, (_, index) => `question ${index}`);
  const output = await run({ questions, budgetUsd: 0.055 });
  expect(output.asked).toBe(5);
  expect(output.left).toHaveLength(15);
  expect(output.source.costUsd).toBeLessThanOrEqual(0.055);
});

test("a first question that is expected to cost more than the budget is not asked", async () => {
  const { run, asked } = open(0.01, 0.2);
  expect(await run({ questions: ["one", "two"], budgetUsd: 0.1 })).toMatchObject({ asked: 0, left: ["one", "two"] });
  expect(asked).toEqual([]);
});

test("nothing is asked where no price is known", async () => {
  const { run, asked } = open(0.01, 0, "unknown");
  await expect(run({ questions: ["one"], budgetUsd: 1 })).rejects.toMatchObject({ kind: "budget_exceeded" });
  expect(asked).toEqual([]);
});

test("an application's cache is warmed with its requests just as it sends them, by whoever may write", async () => {
  const request = { temperature: 0, max_tokens: 9, tools: [{ type: "function" }] };
  const input = { questions: ["one"], budgetUsd: 1, key: "bot", request };
  await expect(open(0.01).run(input)).rejects.toMatchObject({ kind: "denied" });
  const { run, calls } = open(0.01, 0.01, "table", ["read", "write"]);
  expect(await run(input)).toMatchObject({ asked: 1 });
  expect(calls[0]).toMatchObject({ caller: { id: "tok_bot", scopes: ["read"] }, request });
  for (const name of ["messages", "model", "stream", "n"]) {
    expect(warmCache.input.safeParse({ ...input, request: { [name]: 1 } }).success, name).toBe(false);
  }
});
