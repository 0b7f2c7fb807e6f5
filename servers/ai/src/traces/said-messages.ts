import type { TextFilter } from "./redact-content.ts";

/** One message, as text. */
export interface SaidMessage {
  role: string;
  text: string;
}

/** Longer texts say the same of a model, and a log is no archive. */
const maxMessageCharacters = 8_000;
const maxMessages = 50;

/** The messages of a request as text, filtered and bounded: the first (instructions) and the newest are kept. */
export function toSaidMessages(messages: readonly Record<string, unknown>[], filter: TextFilter): SaidMessage[] {
  const kept =
    messages.length <= maxMessages ? messages : [...messages.slice(0, 1), ...messages.slice(1 - maxMessages)];
  return kept.map((message) => ({
    role: typeof message["role"] === "string" ? message["role"] : "unknown",
    text: cutText(filter(textOf(message)), maxMessageCharacters),
  }));
}

/** At most so many characters, with a note of how many are missing. Never ends in half a character. */
export function cutText(text: string, maximum: number): string {
  if (text.length <= maximum) return text;
  return `${text.slice(0, maximum).toWellFormed()}… [${text.length - maximum} characters more]`;
}

function textOf(message: Record<string, unknown>): string {
  const { content, tool_calls: calls } = message;
  const said = typeof content === "string" ? content : partsOf(content).map(textOfPart).join("\n");
  const called = Array.isArray(calls) && calls.length > 0 ? JSON.stringify(calls) : "";
  return [said, called].filter((text) => text !== "").join("\n");
}

function partsOf(content: unknown): readonly Record<string, unknown>[] {
  if (!Array.isArray(content)) return [];
  return content.filter((part): part is Record<string, unknown> => typeof part === "object" && part !== null);
}

/** A picture or a recording is named, not kept. */
function textOfPart(part: Record<string, unknown>): string {
  if (typeof part["text"] === "string") return part["text"];
  return `[${typeof part["type"] === "string" ? part["type"] : "part"}]`;
}
