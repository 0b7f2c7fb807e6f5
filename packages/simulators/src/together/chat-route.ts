import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { buildAnswer, countPromptTokens, emptyAnswer, type SimulatedAnswer } from "../openai/answer.ts";
import { recordCall } from "../openai/call-record.ts";
import { ChatRequest } from "../openai/chat-request.ts";
import { failEarly } from "../openai/fail-early.ts";
import { sendJson } from "../openai/json-body.ts";
import { sendEvents } from "../openai/send-events.ts";
import { simulatedModels } from "./models.ts";
import type { PostExchange } from "./simulator-state.ts";
import { wordError } from "./wording.ts";

const Body = ChatRequest.extend({
  stop: z.array(z.string()).optional(),
  logprobs: z.number().int().min(0).max(20).optional(),
  context_length_exceeded_behavior: z.enum(["truncate", "error"]).optional(),
  tool_choice: z
    .union([z.string(), z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string() }) })])
    .optional(),
});

const created = 1_750_000_000;

/** https://docs.together.ai/reference/chat-completions-1 */
export async function answerChat({ state, body, response }: PostExchange): Promise<void> {
  const parsed = Body.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return sendJson(
      response,
      400,
      wordError(400, undefined, `VENDOR TEXT: ${issue?.path.join(".")}: ${issue?.message}`),
    );
  }
  const asked = parsed.data;
  recordCall(state.calls, "/chat/completions", body as typeof asked, response);
  const fault = state.faults.take();
  if (await failEarly(fault, response, wordError)) return;
  const model = simulatedModels.find(({ id, type }) => id === asked.model && type === "chat");
  if (!model) return sendJson(response, 404, wordError("model_not_found", "model_not_available"));
  const isTooLong = countPromptTokens(asked as ChatRequest) > model.contextLength;
  if (isTooLong && asked.context_length_exceeded_behavior !== "truncate") {
    const message = `VENDOR TEXT: inputs tokens must be less than the context length of ${model.contextLength}`;
    return sendJson(response, 400, wordError(400, undefined, message));
  }
  await delay(state.latency.firstByteMs ?? 0);
  const answers = Array.from({ length: asked.n ?? 1 }, (_, choice) => {
    const answer = buildAnswer(asked as ChatRequest, state.seed, choice);
    return fault?.kind === "empty" ? emptyAnswer(answer) : answer;
  });
  const usage = fault?.kind === "no_usage" ? undefined : buildUsage(answers);
  if (asked.stream !== true) return sendJson(response, 200, buildCompletion(asked.model, answers, usage));
  const errorChunk = wordError(502, "server_error");
  const { eventMs } = state.latency;
  await sendEvents(response, buildChunks(asked.model, answers, usage), { fault, eventMs, errorChunk });
}

function buildUsage(answers: readonly SimulatedAnswer[]): unknown {
  const prompt = answers[0]?.promptTokens ?? 0;
  const completion = answers.reduce((sum, answer) => sum + answer.completionTokens, 0);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function toToolCalls(answer: SimulatedAnswer): unknown[] {
  return answer.toolCalls.map((call, index) => ({
    index,
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
}

function buildCompletion(model: string, answers: readonly SimulatedAnswer[], usage: unknown): unknown {
  return {
    id: answers[0]?.id,
    object: "chat.completion",
    created,
    model,
    prompt: [],
    choices: answers.map((answer, index) => ({
      index,
      finish_reason: answer.finishReason,
      message: {
        role: "assistant",
        content: answer.toolCalls.length > 0 ? null : answer.pieces.join(""),
        ...(answer.toolCalls.length > 0 && { tool_calls: toToolCalls(answer) }),
      },
    })),
    ...(usage !== undefined && { usage }),
  };
}

/** Each delta carries the role; usage comes with the last chunk, asked for or not. */
function buildChunks(model: string, answers: readonly SimulatedAnswer[], usage: unknown): unknown[] {
  const frame = { id: answers[0]?.id, object: "chat.completion.chunk", created, model };
  const chunks: Record<string, unknown>[] = [];
  for (const [index, answer] of answers.entries()) {
    const push = (delta: object, finishReason: string | null) =>
      chunks.push({
        ...frame,
        choices: [{ index, delta: { role: "assistant", ...delta }, finish_reason: finishReason }],
      });
    for (const piece of answer.pieces) push({ content: piece }, null);
    if (answer.toolCalls.length > 0) push({ content: null, tool_calls: toToolCalls(answer) }, null);
    push({ content: "" }, answer.finishReason);
  }
  const last = chunks.at(-1);
  if (last && usage !== undefined) last["usage"] = usage;
  return chunks;
}
