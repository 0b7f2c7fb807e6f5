import { toAppError } from "@sophia/core/errors/app-error";
import { performance } from "node:perf_hooks";
import type { Caller } from "@sophia/core/approval/caller";
import { estimateCostUsd } from "../domain/estimate-cost.ts";
import type { Models } from "../domain/models.ts";
import { readCompletionText } from "../domain/completion-text.ts";
import type { Completions } from "../domain/completions.ts";

/** One question to a model, past every cache. */
export interface Question {
  model: string;
  messages: { role: "system" | "user"; content: string }[];
  maxTokens: number;
  caller: Caller;
  requestId: string;
  signal: AbortSignal;
}

export interface Answered {
  text: string;
  finishReason: string;
  costUsd: number;
  totalMs: number;
  /** Who answered. */
  service: string;
  mode: "live" | "local" | "simulated";
}

/** How evaluations ask: through the whole pipeline, so that keys, budgets, prices and traces hold for them too. */
export type AskModel = (question: Question) => Promise<Answered>;

/** What the question will cost about, USD. Throws AppError where no ceiling would hold; what else is wrong, asking tells. */
export type EstimateQuestion = (question: Pick<Question, "model" | "messages" | "maxTokens">) => Promise<number>;

export function estimateThrough(models: Pick<Models, "resolve">): EstimateQuestion {
  return ({ model, messages, maxTokens }) =>
    estimateCostUsd(models, { model, messages, max_tokens: maxTokens }).catch((error: unknown) => {
      // \`auto\` without a default is the router's to choose, among prices that lie a thousandfold apart.
      const { kind } = toAppError(error);
      if (kind === "budget_exceeded" || (kind === "invalid_input" && model === "auto")) throw error;
      return 0;
    });
}

export function askThrough(completions: Pick<Completions, "complete">): AskModel {
  return async ({ model, messages, maxTokens, caller, requestId, signal }) => {
    const startedAt = performance.now();
    const answer = await completions.complete({
      request: { model, messages, max_tokens: maxTokens, temperature: 0 },
      caller,
      requestId,
      signal,
      cache: "bypass",
      origin: "internal",
    });
    const { text, finishReason } = readCompletionText(answer.completion);
    const { costUsd, service, mode } = answer;
    return { text, finishReason, costUsd, totalMs: performance.now() - startedAt, service, mode };
  };
}
