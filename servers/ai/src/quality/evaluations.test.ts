import type { Caller } from "@sophia/core/approval/caller";
import { createJobs, type Jobs } from "@sophia/core/jobs/jobs";
import { systemClock } from "@sophia/core/limits/clock";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Store } from "@sophia/core/store/store";
import { silentLog, startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { Annotation } from "../traces/annotations.ts";
import { createTextKeeper } from "../traces/redact-content.ts";
import type { AskModel, Question } from "./ask-model.ts";
import type { EvaluationSpec } from "./evaluation-spec.ts";
import { evaluationMigrations, type EvaluationTables } from "./evaluation-tables.ts";
import { createEvaluations, type EvaluationReport, type Evaluations } from "./evaluations.ts";

const caller: Caller = { id: "c1", name: "ann", scopes: ["read", "write"] };
let engine: StoreEngine | undefined;
let jobs: Jobs;
let evaluations: Evaluations;
let asked: Question[];
let said: Annotation[];
let learned: { requestId: string; score: number }[];
let answer: (question: Question) => string;
let keepText: (text: string) => string;

beforeAll(async () => {
  engine = await startEngine("sqlite");
});
afterAll(() => engine?.stop());
beforeEach(async (context) => {
  if (!engine) return context.skip();
  const store: Store<CoreTables & EvaluationTables> = await engine.open(await engine.createPlace(), [
    evaluationMigrations,
  ]);
  jobs = createJobs({ store, log: silentLog, pollMs: 20 });
  [asked, said, learned] = [[], [], []];
  keepText = (text) => text;
  const ask: AskModel = (question) => {
    asked.push(question);
    return Promise.resolve({
      text: answer(question),
      finishReason: "stop",
      costUsd: 0.01,
      totalMs: 5,
      service: "sim",
      mode: "simulated",
    });
  };
  evaluations = createEvaluations({
    store,
    jobs,
    clock: systemClock,
    ask,
    estimate: async ({ model }) => (model === "dear" ? 2 : 0.01),
    traces: { annotate: (opinion) => Promise.resolve(void said.push(opinion)) },
    lessons: { learnOutcome: (lesson) => Promise.resolve(learned.push(lesson) > 0) },
    keepText: (text) => keepText(text),
    maxAgeMs: 0,
  });
  jobs.start();
});
afterEach(() => jobs.stop(1_000));

const spec: Omit<EvaluationSpec, "caller"> = {
  name: "arithmetic",
  items: [1, 2, 3, 4].map((number) => ({ prompt: `What is ${number} + 1?`, expected: String(number + 1) })),
  models: ["small", "large"],
  judgement: "number",
  maxTokens: 100,
  maxCostUsd: 1,
};

/** `small` adds wrongly from 3 on, `large` never. */
function calculate({ model, messages }: Question): string {
  const number = Number(/\d+/.exec(messages.at(-1)?.content ?? "")?.[0]);
  return `That makes ${model === "small" && number >= 3 ? number : number + 1}.`;
}

async function run(more: Partial<typeof spec> = {}): Promise<EvaluationReport> {
  const id = await evaluations.start({ ...spec, ...more }, caller);
  await evaluations.wait(id, { forMs: 10_000, signal: new AbortController().signal, progress: () => {} });
  return await evaluations.report(id, caller);
}

test("every model answers every question; scores are told with their interval, the best first", async () => {
  answer = calculate;
  const report = await run();
  expect(report.evaluation.state).toBe("done");
  expect(report.scores).toMatchObject([
    { model: "large", judged: 4, meanScore: 1, answerUsd: 0.04, judgeUsd: 0 },
    { model: "small", judged: 4, meanScore: 0.5 },
  ]);
  expect(report.scores[1]?.interval?.lower).toBeLessThan(0.5);
  expect(asked).toHaveLength(8);
  expect(said).toHaveLength(8);
  expect(said[0]).toMatchObject({ name: "arithmetic", kind: "code", author: "number", requestId: asked[0]?.requestId });
  expect(learned).toHaveLength(8);
});

test("a second run of the same questions is compared item by item", async () => {
  answer = calculate;
  const first = await run();
  expect(first.earlier).toBeUndefined();
  answer = (question) => calculate({ ...question, model: "large" });
  const second = await run();
  expect(second.earlier?.id).toBe(first.evaluation.id);
  const small = second.scores.find(({ model }) => model === "small");
  expect(small?.change).toMatchObject({ difference: 0.5, items: 4 });
  expect((await run({ items: spec.items.slice(1) })).earlier).toBeUndefined();
});

test("the ceiling stops the run before it is passed", async () => {
  answer = calculate;
  const report = await run({ maxCostUsd: 0.035 });
  expect(report.evaluation).toMatchObject({ state: "stopped", reason: "the cost ceiling was reached" });
  expect(asked).toHaveLength(3);
});

test("a judge by rubric marks each answer; its cost is told apart", async () => {
  answer = ({ model, messages }) =>
    model === "judge"
      ? `Sure:\n{"score": ${messages[1]?.content.includes("That makes 3.") ? 2 : 5}, "reason": "r"}`
      : calculate({ model, messages } as Question);
  const report = await run({ judgement: "rubric", judgeModel: "judge", rubric: "Be right.", models: ["small"] });
  expect(report.results.map(({ score }) => score)).toEqual([1, 0.25, 0.25, 1]);
  expect(report.scores).toMatchObject([{ answerUsd: 0.04, judgeUsd: 0.04 }]);
  expect(said[1]).toMatchObject({ kind: "model", author: "judge", score: 0.25, explanation: "r" });
  const judgeQuestion = asked.find(({ model }) => model === "judge");
  expect(judgeQuestion?.messages[0]?.content).toContain("Be right.");
});

test("pairs are judged in both orders: a judge that favours a place favours nobody", async () => {
  answer = (question) => (question.model === "judge" ? '{"better": "A", "reason": "first"}' : calculate(question));
  const biased = await run({ judgement: "pairwise", judgeModel: "judge" });
  expect(biased.scores.find(({ model }) => model === "large")).toMatchObject({ meanScore: 0.5, judged: 4 });
  expect(biased.scores.find(({ model }) => model === "small")).toMatchObject({ judged: 0, meanScore: undefined });

  answer = (question) => {
    if (question.model !== "judge") return question.model === "large" ? "GOOD" : "bad";
    const [first = "", second = ""] = (question.messages[1]?.content ?? "").split("[answer B");
    return JSON.stringify({
      better: first.includes("GOOD") ? "A" : second.includes("GOOD") ? "B" : "equal",
      reason: "r",
    });
  };
  const fair = await run({ judgement: "pairwise", judgeModel: "judge", items: spec.items.slice(0, 2) });
  expect(fair.scores[0]).toMatchObject({ model: "large", meanScore: 1 });
  expect(learned).toEqual([]);
});

test("a judge that cannot keep to the form is an error of that item, not a mark", async () => {
  answer = ({ model }) => (model === "judge" ? "I like it." : "x");
  const report = await run({
    judgement: "rubric",
    judgeModel: "judge",
    models: ["small"],
    items: spec.items.slice(0, 1),
  });
  expect(report.results).toMatchObject([
    { score: undefined, error: "The judge did not answer in the form it was asked for." },
  ]);
  expect(report.scores).toMatchObject([{ judged: 0, failed: 1 }]);
});

test("another caller's run is its own affair", async () => {
  answer = calculate;
  const { evaluation } = await run({ items: spec.items.slice(0, 1) });
  const stranger: Caller = { id: "c2", name: "bob", scopes: ["read"] };
  await expect(evaluations.report(evaluation.id, stranger)).rejects.toMatchObject({ kind: "not_found" });
});

test("once a run has ended, its texts are kept as the setting says; its scores stay, and so does what it is compared with", async () => {
  answer = calculate;
  const whole = await run({ name: "before" });
  keepText = createTextKeeper("off", (text) => text);
  const report = await run();
  expect(report.results.map((result) => result.answer)).toEqual(Array(8).fill("(not kept)"));
  expect(JSON.stringify(report.evaluation.spec)).not.toMatch(/What is|"[2-5]"/);
  expect(report.scores).toMatchObject([
    { model: "large", meanScore: 1 },
    { model: "small", meanScore: 0.5 },
  ]);
  expect(report.earlier?.id).toBe(whole.evaluation.id);
});

test("ended runs go when they are too old", async () => {
  answer = calculate;
  const { evaluation } = await run();
  await systemClock.sleep(2);
  await evaluations.prune(new AbortController().signal);
  await expect(evaluations.report(evaluation.id, caller)).rejects.toMatchObject({ kind: "not_found" });
});

test("a judge whose answers cannot be read is paid for all the same", async () => {
  answer = ({ messages }) => (messages.length > 1 ? "no JSON" : "Oslo");
  const { results } = await run({
    judgement: "rubric",
    judgeModel: "judge",
    items: [{ prompt: "Why?" }],
    models: ["small"],
  });
  expect(results).toMatchObject([{ error: expect.stringContaining("judge"), answerUsd: 0.01, judgeUsd: 0.01 }]);
});

test("a model whose first answer is expected to pass the ceiling is not asked", async () => {
  answer = calculate;
  const report = await run({ models: ["small", "dear"] });
  expect(report.evaluation).toMatchObject({ state: "stopped", reason: "the cost ceiling was reached" });
  expect(asked.map(({ model }) => model)).not.toContain("dear");
});
