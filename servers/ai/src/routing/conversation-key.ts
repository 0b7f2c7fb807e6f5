import { hash } from "node:crypto";

/** Turns that make a conversation recognisable: its instructions and the first thing said after them. */
const firstTurns = 1;

/**
 * The same for all calls of one conversation: providers cache a prompt by its beginning, and a conversation only grows at
 * its end. `undefined` when nothing but instructions was said.
 */
export function toConversationKey(
  callerId: string,
  messages: readonly Readonly<Record<string, unknown>>[],
): string | undefined {
  const instructions = messages.findIndex((message) => message["role"] !== "system" && message["role"] !== "developer");
  if (instructions < 0) return undefined;
  const beginning = messages.slice(0, instructions + firstTurns);
  return hash(
    "sha256",
    JSON.stringify([callerId, beginning.map((message) => [message["role"], message["content"]])]),
  ).slice(0, 32);
}
