import { z } from "zod";
import type { ParsedChunk } from "@sophia/vendors/openai-shape/event-reader";
import { estimateTokens, parseUsage, type Usage } from "@sophia/vendors/openai-shape/usage";

/** A whole answer in text form: the only thing the cache keeps. */
export const StoredAnswer = z.object({
  id: z.string(),
  model: z.string(),
  created: z.number(),
  content: z.string().min(1),
  inputTokens: z.number(),
  outputTokens: z.number(),
});
export type StoredAnswer = z.infer<typeof StoredAnswer>;

/** Members of a message or delta that may be there without making it more than its text. */
const plainMembers = new Set(["role", "content"]);

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

/** No tool call, refusal, reasoning, audio, annotation: text alone. */
function isPlain(message: object): boolean {
  return Object.entries(message).every(([name, value]) => plainMembers.has(name) || isEmpty(value));
}

const PlainCompletion = z.looseObject({
  id: z.string(),
  model: z.string(),
  created: z.number(),
  choices: z
    .array(z.looseObject({ finish_reason: z.literal("stop"), message: z.looseObject({ content: z.string().min(1) }) }))
    .length(1),
});

/** The completion as a stored answer; `undefined` when it must not be given again: cut, filtered, more than text. */
export function toStoredAnswer(completion: unknown, usage: Usage): StoredAnswer | undefined {
  const parsed = PlainCompletion.safeParse(completion);
  const choice = parsed.data?.choices[0];
  if (!parsed.success || !choice || !isPlain(choice.message)) return undefined;
  const { id, model, created } = parsed.data;
  const { inputTokens, outputTokens } = usage;
  return { id, model, created, content: choice.message.content, inputTokens, outputTokens };
}

function buildUsage(answer: StoredAnswer) {
  return {
    prompt_tokens: answer.inputTokens,
    completion_tokens: answer.outputTokens,
    total_tokens: answer.inputTokens + answer.outputTokens,
  };
}

/** A stored answer as the completion it was. */
export function toCompletion(answer: StoredAnswer): Record<string, unknown> {
  return {
    id: answer.id,
    object: "chat.completion",
    created: answer.created,
    model: answer.model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: answer.content, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: buildUsage(answer),
  };
}

/** A stored answer as the events of a stream, a few words at a time. */
export function* toEvents(answer: StoredAnswer, options: { includeUsage: boolean }): Generator<string> {
  const frame = { id: answer.id, object: "chat.completion.chunk", created: answer.created, model: answer.model };
  const chunk = (delta: object, finishReason: "stop" | null) =>
    JSON.stringify({ ...frame, choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] });
  yield chunk({ role: "assistant", content: "" }, null);
  for (const [piece] of answer.content.matchAll(/[\s\S]{1,60}(?:\s+|$)|[\s\S]{1,60}/gu)) {
    yield chunk({ content: piece }, null);
  }
  yield chunk({}, "stop");
  if (options.includeUsage) yield JSON.stringify({ ...frame, choices: [], usage: buildUsage(answer) });
}

/** Adds up a stream as it passes. */
export interface StreamTally {
  add(chunk: ParsedChunk): void;
  /** Something of an answer has come. */
  readonly started: boolean;
  /** The provider's count, else ours of what has come so far. */
  usage(estimatedInputTokens: number): Usage;
  /** The answer, when it came whole and is text alone. */
  toStored(usage: Usage): StoredAnswer | undefined;
}

export function createStreamTally(): StreamTally {
  const frame = { id: "", model: "", created: 0 };
  let content = "";
  let otherCharacters = 0;
  let plain = true;
  let started = false;
  let finishReason: string | undefined;
  let stated: Usage | undefined;

  return {
    add(chunk) {
      started ||= chunk.choices.length > 0;
      frame.id ||= chunk.id ?? "";
      frame.model ||= chunk.model ?? "";
      frame.created ||= chunk.created ?? 0;
      stated = parseUsage(chunk.usage) ?? stated;
      for (const { index, delta, finish_reason } of chunk.choices) {
        content += delta?.content ?? "";
        finishReason = finish_reason ?? finishReason;
        if ((index ?? 0) > 0 || (delta && !isPlain(delta))) {
          plain = false;
          otherCharacters += JSON.stringify(delta ?? {}).length;
        }
      }
    },
    get started() {
      return started;
    },
    usage(estimatedInputTokens) {
      if (stated) return stated;
      const outputTokens = estimateTokens(content) + Math.ceil(otherCharacters / 4);
      return { inputTokens: estimatedInputTokens, outputTokens, cachedInputTokens: 0, estimated: true };
    },
    toStored({ inputTokens, outputTokens }) {
      if (!plain || finishReason !== "stop" || content === "" || frame.id === "") return undefined;
      return { ...frame, content, inputTokens, outputTokens };
    },
  };
}
