import { hash } from "node:crypto";

/** Turns that make a conversation recognisable: its instructions and the first thing said after them. */
const firstTurns = 1;

/**
 * The same for all calls of one conversation: providers cache a prompt by its beginning, and a conversation only grows at
 * its end. `undefined` when nothing but instructions was said.
 */
export function toConversationKey(
  callerId: string,
  messages: readonly { role: string; content?: unknown }[],
): string | undefined {
  const instructions = messages.findIndex(({ role }) => role !== "system" && role !== "developer");
  if (instructions < 0) return undefined;
  const beginning = messages.slice(0, instructions + firstTurns);
  return hash("sha256", JSON.stringify([callerId, beginning.map(({ role, content }) => [role, content])])).slice(0, 32);
}
