import { z } from "zod";
import type { Candidate } from "@sophia/core/routing/candidate";
import type { EventChunk } from "@sophia/vendors/openai-shape/event-splitter";
import { estimateTokens, parseUsage, type Usage } from "@sophia/vendors/openai-shape/usage";

/** A whole answer in text form: the only thing the cache keeps. */
export const StoredAnswer = z.object({
  id: z.string(),
  model: z.string(),
  created: z.number(),
  content: z.string().min(1),
  inputTokens: z.number(),
  outputTokens: z.number(),
  /** Who gave it. */
  service: z.string().optional(),
  mode: z.enum(["live", "local", "simulated"]).optional(),
  /** Kind of the request, as the semantic cache told it. */
  category: z.string().optional(),
});
export type StoredAnswer = z.infer<typeof StoredAnswer>;

/** What {@link toStoredAnswer} made, out of the cache again; `undefined` when it is anything else. */
export function parseStoredAnswer(text: string): StoredAnswer | undefined {
  try {
    return StoredAnswer.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Members of a message or delta that may be there without making it more than its text. */
const plainMembers = new Set(["role", "content"]);

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

/** No tool call, refusal, reasoning, audio, annotation: text alone. */
function isPlain(message: object): boolean {
  for (const name in message) {
    if (!plainMembers.has(name) && !isEmpty((message as Record<string, unknown>)[name])) return false;
  }
  return true;
}

type Place = Pick<Candidate, "service" | "mode">;

/** The completion as a stored answer; `undefined` when it must not be given again: cut, filtered, more than text. */
export function toStoredAnswer(
  completion: Record<string, unknown>,
  usage: Usage,
  place?: Place,
): StoredAnswer | undefined {
  const { id, model, created, choices } = completion;
  if (typeof id !== "string" || typeof model !== "string" || typeof created !== "number") return undefined;
  if (!Array.isArray(choices) || choices.length !== 1) return undefined;
  const { finish_reason: reason, message } = choices[0] as { finish_reason?: unknown; message?: unknown };
  if (reason !== "stop" || typeof message !== "object" || message === null || !isPlain(message)) return undefined;
  const { content } = message as { content?: unknown };
  if (typeof content !== "string" || content === "") return undefined;
  return store({ id, model, created }, content, { usage, place });
}

function store(
  frame: Pick<StoredAnswer, "id" | "model" | "created">,
  content: string,
  { usage, place }: { usage: Usage; place: Place | undefined },
): StoredAnswer {
  const { inputTokens, outputTokens } = usage;
  return { ...frame, content, inputTokens, outputTokens, ...(place && { service: place.service, mode: place.mode }) };
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
  add(chunk: EventChunk): void;
  /** Something of an answer has come. */
  readonly started: boolean;
  /** The provider's count, else ours of what has come so far. */
  usage(estimatedInputTokens: number): Usage;
  /** The text so far. */
  readonly text: string;
  readonly finishReason: string | undefined;
  /** The answer, when it came whole and is text alone. */
  toStored(usage: Usage, place?: Place): StoredAnswer | undefined;
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
      if (chunk.usage) stated = parseUsage(chunk.usage) ?? stated;
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
    get text() {
      return content;
    },
    get finishReason() {
      return finishReason;
    },
    toStored(usage, place) {
      if (!plain || finishReason !== "stop" || content === "" || frame.id === "") return undefined;
      return store({ ...frame }, content, { usage, place });
    },
  };
}
