import { z } from "zod";
import { buildAnswer, countPromptTokens, emptyAnswer, type SimulatedAnswer } from "../openai/answer.ts";
import { recordCall } from "../openai/call-record.ts";
import { buildChunks, buildCompletion } from "../openai/chat-replies.ts";
import { ChatRequest } from "../openai/chat-request.ts";
import { failEarly } from "../openai/fail-early.ts";
import { sendJson } from "../openai/json-body.ts";
import { sendEvents } from "../openai/send-events.ts";
import { type Admitted, admit, book, computeCost, waitForFirstByte } from "./generation.ts";
import { Preferences } from "./preferences.ts";
import { answerFromCache, storeInCache } from "./response-cache.ts";
import type { PostExchange } from "./simulator-state.ts";
import { wordError, wordErrorChunk } from "./wording.ts";

const Body = ChatRequest.extend({
  models: z.array(z.string()).optional(),
  provider: Preferences.nullish(),
});

/** https://openrouter.ai/docs/api-reference/chat-completion */
export async function answerChat({ state, body, request, response }: PostExchange): Promise<void> {
  const parsed = Body.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const message = `VENDOR TEXT: ${issue?.path.join(".")}: ${issue?.message}`;
    return sendJson(response, 400, wordError(400, "invalid_request", message));
  }
  const asked = parsed.data;
  recordCall(state.calls, "/chat/completions", body as typeof asked, response);
  const fault = state.faults.take();
  if (await failEarly(fault, response, wordError)) return;
  if (answerFromCache({ state, request, response, body: asked })) return;
  const admitted = admit(state, asked, "text", response);
  if (!admitted) return;
  if (countPromptTokens(asked) > admitted.model.contextLength) {
    const message = `VENDOR TEXT: This endpoint's maximum context length is ${admitted.model.contextLength} tokens.`;
    return sendJson(response, 400, wordError(400, "context_length_exceeded", message));
  }
  await waitForFirstByte(state);
  const answers = Array.from({ length: asked.n ?? 1 }, (_, choice) => {
    const answer = buildAnswer(asked, state.seed, choice);
    return fault?.kind === "empty" ? emptyAnswer(answer) : answer;
  });
  const usage = fault?.kind === "no_usage" ? undefined : buildUsage(admitted, answers);
  const finishReason = answers[0]?.finishReason ?? "stop";
  response.once("close", () => {
    const [promptTokens, completionTokens] = countTokens(answers);
    const costUsd = chargeOf(admitted, answers);
    const cancelled = !response.writableFinished;
    const streamed = asked.stream === true;
    book(state, admitted, {
      apiType: "completions",
      promptTokens,
      completionTokens,
      costUsd,
      streamed,
      cancelled,
      finishReason,
    });
  });
  const frame = { id: admitted.id, object: "chat.completion.chunk", created: 1_750_000_000, model: admitted.model.id };
  if (asked.stream === true) {
    const chunks = buildChunks(asked, answers, { usage: false }).map((chunk) => ({ ...(chunk as object), ...frame }));
    const last = usage === undefined ? [] : [{ ...frame, choices: [], usage }];
    const errorChunk = wordErrorChunk(frame);
    return await sendEvents(response, [...chunks, ...last], { fault, eventMs: state.latency.eventMs, errorChunk });
  }
  const { id, model } = admitted;
  const whole = buildCompletion(asked, answers, { usage: false }) as object;
  const completion = { ...whole, id, model: model.id, system_fingerprint: null, ...(usage && { usage }) };
  storeInCache({ state, request, response, body: asked }, completion, id);
  sendJson(response, 200, completion);
}

function countTokens(answers: readonly SimulatedAnswer[]): [number, number] {
  return [answers[0]?.promptTokens ?? 0, answers.reduce((sum, answer) => sum + answer.completionTokens, 0)];
}

/** An answer without a token is free. https://openrouter.ai/docs/guides/features/zero-completion-insurance */
function chargeOf({ place }: Admitted, answers: readonly SimulatedAnswer[]): number {
  const [prompt, completion] = countTokens(answers);
  return completion === 0 ? 0 : computeCost(place, prompt, completion);
}

/** https://openrouter.ai/docs/guides/administration/usage-accounting */
function buildUsage(admitted: Admitted, answers: readonly SimulatedAnswer[]): Record<string, unknown> {
  const [prompt, completion] = countTokens(answers);
  const cost = chargeOf(admitted, answers);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
    cost,
    is_byok: false,
    cost_details: {
      upstream_inference_cost: null,
      upstream_inference_prompt_cost: cost === 0 ? 0 : prompt * admitted.place.prompt,
      upstream_inference_completions_cost: cost === 0 ? 0 : completion * admitted.place.completion,
    },
  };
}
