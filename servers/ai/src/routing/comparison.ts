import type { Caller } from "@sophia/core/approval/caller";
import type { Embedder } from "@sophia/core/embed/embedder";
import { AppError, toAppError } from "@sophia/core/errors/app-error";
import type { Logger } from "pino";
import { categoryOf } from "../domain/call-journal.ts";
import { estimateUsage } from "../domain/chat-request.ts";
import type { Models } from "../domain/models.ts";
import type { AskModel } from "../quality/ask-model.ts";
import { defaultRubric } from "../quality/evaluation-spec.ts";
import { judgeByRubric } from "../quality/judge-answer.ts";
import type { RouteLearner } from "./route-learner.ts";

export interface ComparisonRequest {
  prompt: string;
  system?: string | undefined;
  /** Two to five. */
  models: readonly string[];
  /** Marks every answer; without one nothing is learned. */
  judgeModel?: string | undefined;
  rubric?: string | undefined;
  maxTokens: number;
  /** Of all answers and marks together. */
  maxCostUsd: number;
  caller: Caller;
  requestId: string;
  signal: AbortSignal;
}

export interface ComparedAnswer {
  model: string;
  service?: string;
  mode?: "live" | "local" | "simulated";
  text?: string;
  finishReason?: string;
  costUsd: number;
  totalMs?: number;
  /** Our own words: why there is no answer. */
  error?: string;
  /** 0 to 1, by the judge. */
  score?: number;
  scoreReason?: string;
}

export interface Comparison {
  answers: ComparedAnswer[];
  /** Of the judge's marks. */
  judgeCostUsd: number;
  /** Whether the router has learned from it. */
  learned: boolean;
}

export interface Comparisons {
  /** Throws AppError `invalid_input` before anything is asked when it might cost more than the ceiling. */
  compare(request: ComparisonRequest): Promise<Comparison>;
}

export interface ComparisonParts {
  ask: AskModel;
  models: Pick<Models, "resolve">;
  embedder: Pick<Embedder, "embed">;
  learner: Pick<RouteLearner, "learnComparison">;
  log: Logger;
}

/** A judge's task beside the question and the answer it reads. */
const judgeOverhead = { inputTokens: 300, outputTokens: 300 };

/** Several models' answers to one prompt, side by side, past the cache; each call is booked like any other. */
export function createComparisons(parts: ComparisonParts): Comparisons {
  return {
    async compare(request) {
      await checkCeiling(parts, request);
      const answers = await Promise.all(request.models.map((model) => askOne(parts, request, model)));
      const judgeCostUsd = request.judgeModel === undefined ? 0 : await judgeAll(parts, request, answers);
      const learned = await learn(parts, request, answers);
      return { answers, judgeCostUsd, learned };
    },
  };
}

function toMessages({ prompt, system }: ComparisonRequest) {
  const instructions = system === undefined ? [] : [{ role: "system" as const, content: system }];
  return [...instructions, { role: "user" as const, content: prompt }];
}

/** The dearest it can become: every answer as long as allowed, every one of them read by the judge. */
async function checkCeiling({ models }: ComparisonParts, request: ComparisonRequest): Promise<void> {
  const usage = estimateUsage({ messages: toMessages(request), max_tokens: request.maxTokens });
  const reading = {
    inputTokens: usage.inputTokens + request.maxTokens + judgeOverhead.inputTokens,
    outputTokens: judgeOverhead.outputTokens,
    cachedInputTokens: 0,
  };
  let mostUsd = 0;
  for (const name of request.models) mostUsd += (await models.resolve(name)).price.costOf(usage);
  if (request.judgeModel !== undefined) {
    mostUsd += (await models.resolve(request.judgeModel)).price.costOf(reading) * request.models.length;
  }
  if (mostUsd <= request.maxCostUsd) return;
  throw new AppError("invalid_input", `This comparison may cost up to ${Number(mostUsd.toPrecision(3))} USD.`, {
    hint: "Raise maxCostUsd, lower maxTokens, or leave out a model.",
  });
}

async function askOne({ ask }: ComparisonParts, request: ComparisonRequest, model: string): Promise<ComparedAnswer> {
  const { maxTokens, caller, signal } = request;
  const requestId = `${request.requestId}-${crypto.randomUUID().slice(0, 8)}`;
  try {
    return { model, ...(await ask({ model, messages: toMessages(request), maxTokens, caller, requestId, signal })) };
  } catch (error) {
    signal.throwIfAborted();
    // One model that fails is a result of the comparison, not its end.
    const { message, hint } = toAppError(error);
    return { model, costUsd: 0, error: [message, hint].filter(Boolean).join(" ") };
  }
}

async function judgeAll(
  parts: ComparisonParts,
  request: ComparisonRequest,
  answers: ComparedAnswer[],
): Promise<number> {
  const { judgeModel = "", rubric = defaultRubric, caller, signal, prompt } = request;
  const judge = { ask: parts.ask, model: judgeModel, rubric, caller, signal };
  let costUsd = 0;
  for (const answer of answers) {
    if (answer.text === undefined) continue;
    try {
      const verdict = await judgeByRubric(judge, { prompt, answer: answer.text });
      costUsd += verdict.costUsd;
      answer.score = verdict.score;
      answer.scoreReason = verdict.explanation;
    } catch (error) {
      signal.throwIfAborted();
      // The answers are paid for: a judge that fails takes none of them away.
      answer.scoreReason = toAppError(error).message;
    }
  }
  return costUsd;
}

/** Only what was judged teaches, and only of models that are real. */
async function learn(parts: ComparisonParts, request: ComparisonRequest, answers: readonly ComparedAnswer[]) {
  const scores = answers.flatMap(({ model, score, mode }) =>
    score === undefined || mode === "simulated" ? [] : [{ model, score }],
  );
  if (scores.length === 0) return false;
  try {
    const { vectors, modelId } = await parts.embedder.embed([request.prompt], {
      purpose: "document",
      account: { caller: request.caller.id, requestId: request.requestId },
    });
    const category = categoryOf(toMessages(request));
    await parts.learner.learnComparison({
      id: request.requestId,
      category,
      vector: vectors[0],
      embeddingModelId: modelId,
      scores,
    });
    return true;
  } catch (error) {
    parts.log.warn({ err: error }, "comparison not learned from");
    return false;
  }
}
