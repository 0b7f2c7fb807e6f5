import type { SimulatedAnswer } from "./answer.ts";
import type { ChatRequest } from "./chat-request.ts";

const created = 1_750_000_000;

function buildUsage(answers: readonly SimulatedAnswer[]): unknown {
  const prompt = answers[0]?.promptTokens ?? 0;
  const completion = answers.reduce((sum, answer) => sum + answer.completionTokens, 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0 },
  };
}

/** https://platform.openai.com/docs/api-reference/chat/object */
export function buildCompletion(
  request: ChatRequest,
  answers: readonly SimulatedAnswer[],
  options: { usage: boolean },
): unknown {
  return {
    id: answers[0]?.id,
    object: "chat.completion",
    created,
    model: request.model,
    choices: answers.map((answer, index) => ({
      index,
      message: {
        role: "assistant",
        content: answer.toolCalls.length > 0 ? null : answer.pieces.join(""),
        refusal: null,
        ...(answer.toolCalls.length > 0 && {
          tool_calls: answer.toolCalls.map((call) => ({
            id: call.id,
            type: "function",
            function: { name: call.name, arguments: call.arguments },
          })),
        }),
      },
      logprobs: null,
      finish_reason: answer.finishReason,
    })),
    ...(options.usage && { usage: buildUsage(answers) }),
  };
}

/** https://platform.openai.com/docs/api-reference/chat-streaming; the events' data, without `[DONE]`. */
export function buildChunks(
  request: ChatRequest,
  answers: readonly SimulatedAnswer[],
  options: { usage: boolean },
): unknown[] {
  const frame = { id: answers[0]?.id, object: "chat.completion.chunk", created, model: request.model };
  const chunks: unknown[] = [];
  for (const [index, answer] of answers.entries()) {
    const push = (delta: unknown, finishReason: string | null = null) =>
      chunks.push({ ...frame, choices: [{ index, delta, logprobs: null, finish_reason: finishReason }] });
    push({ role: "assistant", content: answer.toolCalls.length > 0 ? null : "", refusal: null });
    for (const piece of answer.pieces) push({ content: piece });
    for (const [callIndex, call] of answer.toolCalls.entries()) {
      push({
        tool_calls: [{ index: callIndex, id: call.id, type: "function", function: { name: call.name, arguments: "" } }],
      });
      const half = Math.ceil(call.arguments.length / 2);
      for (const part of [call.arguments.slice(0, half), call.arguments.slice(half)]) {
        push({ tool_calls: [{ index: callIndex, function: { arguments: part } }] });
      }
    }
    push({}, answer.finishReason);
  }
  if (options.usage && request.stream_options?.include_usage) {
    chunks.push({ ...frame, choices: [], usage: buildUsage(answers) });
  }
  return chunks;
}
