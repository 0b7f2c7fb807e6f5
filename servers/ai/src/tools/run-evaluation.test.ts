import { expect, test } from "vitest";
import type { EvaluationReport, Evaluations } from "../quality/evaluations.ts";
import { createToolContext } from "../testing/tool-context.ts";
import { runEvaluation } from "./run-evaluation.ts";

const item = { prompt: "Capital of Norway?", expected: "Oslo" };
const wish = { name: "capitals", items: [item], models: ["small", "small", "large"] };

function open() {
  const started: Parameters<Evaluations["start"]>[0][] = [];
  const caller = { id: "c1", name: "tester", scopes: [] };
  const result = {
    item: 0,
    requestId: "eval-1",
    answer: "Oslo. ".repeat(100),
    explanation: "as expected",
    judgeUsd: 0.01,
    totalMs: 5,
    error: undefined,
  };
  const report = (id: string): EvaluationReport => ({
    evaluation: {
      id,
      name: "capitals",
      itemsHash: "h",
      caller: "c1",
      spec: { ...wish, models: ["small", "large"], judgement: "contains", maxTokens: 1, maxCostUsd: 1, caller },
      state: "running",
      reason: undefined,
      createdAt: 0,
      finishedAt: undefined,
    },
    scores: [
      {
        model: "small",
        judged: 1,
        failed: 0,
        meanScore: 1,
        interval: undefined,
        answerUsd: 0.02,
        judgeUsd: 0.01,
        medianMs: 5.4,
        change: { difference: 0.5, interval: { lower: 0, upper: 1 }, items: 1 },
      },
    ],
    results: [{ ...result, model: "small", score: 1, answerUsd: 0.02 }],
    earlier: { id: "ev_0", at: 0 },
  });
  const evaluations: Evaluations = {
    start: (spec) => Promise.resolve(`ev_${started.push(spec)}`),
    report: (id) => Promise.resolve(report(id)),
    wait: () => Promise.resolve(),
    prune: () => Promise.resolve(),
  };
  return { started, context: createToolContext({ evaluations }) };
}

test("a run that is not over answers with its id, its scores so far and its cost", async () => {
  const { started, context } = open();
  const output = runEvaluation.output.parse(await runEvaluation.run(runEvaluation.input.parse(wish), context));
  expect(started).toMatchObject([
    { name: "capitals", models: ["small", "large"], judgement: "contains", maxCostUsd: 0.5 },
  ]);
  expect(output).toMatchObject({
    evaluationId: "ev_1",
    state: "running",
    done: 1,
    total: 2,
    scores: [{ model: "small", meanScore: 1, medianMs: 5, change: 0.5, changeInterval: { lower: 0, upper: 1 } }],
    earlier: { evaluationId: "ev_0" },
    source: { costUsd: 0.03 },
  });
  expect(output.results[0]?.answer).toHaveLength(400);
});

test("an earlier run is looked at, not run again", async () => {
  const { started, context } = open();
  const output = await runEvaluation.run(runEvaluation.input.parse({ evaluationId: "ev_9" }), context);
  expect([output.evaluationId, started.length]).toEqual(["ev_9", 0]);
});

test.each([
  [{ name: "x" }, "needs name, items and models"],
  [{ ...wish, items: [{ prompt: "Why?" }] }, "needs expected"],
  [{ ...wish, models: ["small"], judgement: "pairwise" }, "two different models"],
])("%j is refused", async (input, message) => {
  const { context } = open();
  await expect(runEvaluation.run(runEvaluation.input.parse(input), context)).rejects.toThrow(message);
});
