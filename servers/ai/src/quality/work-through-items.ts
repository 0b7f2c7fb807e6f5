import { toAppError } from "@sophia/core/errors/app-error";
import type { Traces } from "../traces/traces.ts";
import type { Clock } from "@sophia/core/limits/clock";
import type { AskModel, EstimateQuestion, Question } from "./ask-model.ts";
import { checkExpectation } from "./check-expectation.ts";
import { defaultRubric, type EvaluationItem, type EvaluationSpec } from "./evaluation-spec.ts";
import type { EvaluationStore, ItemResult } from "./evaluation-store.ts";
import type { Lessons } from "./feedback.ts";
import { type Judge, judgeByRubric, judgePair, type Verdict } from "./judge-answer.ts";

export interface WorkOptions {
  ask: AskModel;
  estimate: EstimateQuestion;
  evaluations: EvaluationStore;
  traces: Pick<Traces, "annotate">;
  lessons: Lessons;
  clock: Clock;
}

export interface WorkEnd {
  state: "done" | "stopped";
  reason?: string;
}

const judgeTrust = 1;

/**
 * Asks every model every question that has no result yet, judges, and keeps each result as it comes: a run that was cut
 * off goes on where it was. Stops before a question that is expected to take the cost over the ceiling: a model's first by
 * its price, the others by the dearest of its answers so far.
 */
export async function workThroughItems(
  id: string,
  spec: EvaluationSpec,
  { signal, progress, ...options }: WorkOptions & { signal: AbortSignal; progress(done: number, total: number): void },
): Promise<WorkEnd> {
  const { evaluations } = options;
  const results = await evaluations.results(id);
  const total = spec.items.length * spec.models.length;
  for (const [item, question] of spec.items.entries()) {
    for (const model of spec.models) {
      if (results.some((result) => result.item === item && result.model === model)) continue;
      signal.throwIfAborted();
      const spentUsd = results.reduce((sum, result) => sum + costOf(result), 0);
      const own = results.filter((result) => result.model === model).map(costOf);
      const first = results.find((result) => result.item === item && result.model === spec.models[0]);
      const expected = await estimateNext(options.estimate, { spec, question, model, own });
      if (typeof expected === "object") return { state: "stopped", ...expected };
      if (spentUsd + expected > spec.maxCostUsd) return { state: "stopped", reason: "the cost ceiling was reached" };
      const result = await workOne({ item, question, model, first }, { ...options, spec, signal });
      await evaluations.addResult(id, result);
      results.push(result);
      progress(results.length, total);
    }
  }
  return { state: "done" };
}

/** What the next answer is expected to cost, USD, or why the run ends before it. */
async function estimateNext(
  estimate: EstimateQuestion,
  { spec, question, model, own }: { spec: EvaluationSpec; question: EvaluationItem; model: string; own: number[] },
): Promise<number | { reason: string }> {
  if (own.length > 0) return Math.max(...own);
  try {
    return await estimateFirst(estimate, spec, question, model);
  } catch (error) {
    const { message, hint } = toAppError(error);
    return { reason: [message, hint].filter(Boolean).join(" ") };
  }
}

/** An answer that may be as long as allowed, and a judge's look at it. */
async function estimateFirst(
  estimate: EstimateQuestion,
  { maxTokens, judgement, judgeModel }: EvaluationSpec,
  { prompt, system }: EvaluationItem,
  model: string,
): Promise<number> {
  const messages = toMessages({ prompt, system });
  const answerUsd = await estimate({ model, messages, maxTokens });
  if (judgement !== "rubric" && judgement !== "pairwise") return answerUsd;
  return answerUsd + (await estimate({ model: judgeModel ?? "auto", messages, maxTokens }));
}

function costOf({ answerUsd, judgeUsd }: ItemResult): number {
  return answerUsd + judgeUsd;
}

function toMessages({ prompt, system }: Pick<EvaluationItem, "prompt" | "system">): Question["messages"] {
  const before: Question["messages"] = system === undefined ? [] : [{ role: "system", content: system }];
  return [...before, { role: "user", content: prompt }];
}

interface OneItem {
  item: number;
  question: EvaluationItem;
  model: string;
  /** The first model's result for the same item: what others are compared with. */
  first: ItemResult | undefined;
}

type OneOptions = WorkOptions & { spec: EvaluationSpec; signal: AbortSignal };

async function workOne({ item, question, model, first }: OneItem, options: OneOptions): Promise<ItemResult> {
  const { spec, signal } = options;
  const requestId = `eval-${crypto.randomUUID()}`;
  const messages = toMessages(question);
  const { caller, maxTokens } = spec;
  const nothing = { answer: "", score: undefined, explanation: undefined, answerUsd: 0, judgeUsd: 0, totalMs: 0 };
  const result: ItemResult = { model, item, requestId, ...nothing, error: undefined };
  try {
    const answered = await options.ask({ model, messages, maxTokens, caller, requestId, signal });
    Object.assign(result, { answer: answered.text, answerUsd: answered.costUsd, totalMs: answered.totalMs });
    // An answer of the judge that cannot be read has been paid for all the same.
    const ask: AskModel = async (asked) => {
      const said = await options.ask(asked);
      result.judgeUsd += said.costUsd;
      return said;
    };
    const verdict = await judge({ question, answer: answered.text, first }, { ...options, ask });
    if (!verdict) return result;
    Object.assign(result, { score: verdict.score, explanation: verdict.explanation });
    await tell(result, options);
  } catch (error) {
    signal.throwIfAborted();
    result.error = toAppError(error).message;
  }
  return result;
}

/** Undefined where there is nothing to compare with: the first model of a comparison in pairs. */
async function judge(
  { question, answer, first }: { question: EvaluationItem; answer: string; first: ItemResult | undefined },
  { spec, ask, signal }: OneOptions,
): Promise<Verdict | undefined> {
  const { judgement, caller } = spec;
  if (judgement !== "rubric" && judgement !== "pairwise") {
    const score = checkExpectation(judgement, answer, question.expected ?? "");
    return { score, explanation: score === 1 ? "as expected" : `expected: ${question.expected}`, costUsd: 0 };
  }
  const rubric = spec.rubric ?? defaultRubric;
  const person: Judge = { ask, model: spec.judgeModel ?? "auto", rubric, caller, signal };
  if (judgement === "rubric") return await judgeByRubric(person, { ...question, answer });
  if (!first || first.error !== undefined) return undefined;
  return await judgePair(person, { prompt: question.prompt, first: answer, second: first.answer });
}

/** What a judge said of an answer belongs to its trace, and teaches the choice of models. */
async function tell({ requestId, score, explanation }: ItemResult, options: OneOptions): Promise<void> {
  const { spec, traces, lessons, clock } = options;
  // Better than another is no mark of its own.
  if (score === undefined || spec.judgement === "pairwise") return;
  const isModel = spec.judgement === "rubric";
  await traces.annotate({
    requestId,
    at: clock.now(),
    name: spec.name,
    kind: isModel ? "model" : "code",
    author: isModel ? (spec.judgeModel ?? "auto") : spec.judgement,
    score,
    ...(explanation !== undefined && { explanation }),
  });
  await lessons.learnOutcome?.({ requestId, score, trust: judgeTrust });
}
