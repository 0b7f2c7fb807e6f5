import { z } from "zod";
import { answerToolName } from "./messages-request.ts";

const Count = z.number().int().min(0);

/** `usage` of a message: unlike in the OpenAI shape, `input_tokens` leaves out what the prompt cache read or wrote. */
export const MessageUsage = z.looseObject({
  input_tokens: Count.nullish(),
  output_tokens: Count.nullish(),
  cache_creation_input_tokens: Count.nullish(),
  cache_read_input_tokens: Count.nullish(),
});
export type MessageUsage = z.output<typeof MessageUsage>;

const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
});

/** The answer of `POST /v1/messages`. https://docs.anthropic.com/en/api/messages */
export const Message = z.looseObject({
  id: z.string(),
  model: z.string(),
  content: z.array(Block),
  stop_reason: z.string().nullish(),
  usage: MessageUsage,
});
export type Message = z.output<typeof Message>;

const finishReasons: Readonly<Record<string, string>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  refusal: "content_filter",
};

/** An unknown reason becomes `length`, which keeps the answer out of every cache. */
export function toFinishReason(stopReason: string | null | undefined): string {
  return finishReasons[stopReason ?? ""] ?? "length";
}

export function toUsage(usage: MessageUsage): Record<string, unknown> {
  const cached = usage.cache_read_input_tokens ?? 0;
  const prompt = (usage.input_tokens ?? 0) + cached + (usage.cache_creation_input_tokens ?? 0);
  const completion = usage.output_tokens ?? 0;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
  };
}

/** A message → a completion in the OpenAI shape. */
export function toCompletion(message: Message, createdAt: number): Record<string, unknown> {
  const answer = message.content.find(({ type, name }) => type === "tool_use" && name === answerToolName);
  const text = message.content.flatMap((block) => (block.type === "text" && block.text ? [block.text] : [])).join("");
  const calls = message.content.filter(({ type }) => type === "tool_use");
  const finishReason = toFinishReason(message.stop_reason);
  const toolCalls = calls.map(({ id, name, input }) => ({
    id,
    type: "function",
    function: { name, arguments: JSON.stringify(input ?? {}) },
  }));
  const reply = answer
    ? { content: JSON.stringify(answer.input ?? {}) }
    : { content: text === "" ? null : text, ...(toolCalls.length > 0 && { tool_calls: toolCalls }) };
  return {
    id: message.id,
    object: "chat.completion",
    created: createdAt,
    model: message.model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", refusal: null, ...reply },
        logprobs: null,
        finish_reason: answer && finishReason === "tool_calls" ? "stop" : finishReason,
      },
    ],
    usage: toUsage(message.usage),
  };
}
