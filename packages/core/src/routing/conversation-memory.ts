import type { Candidate } from "./candidate.ts";

export interface ConversationAnswer extends Pick<Candidate, "service" | "model"> {
  /** Read for this answer: what the provider has in its prompt cache from now on. */
  inputTokens: number;
  now: number;
}

/** Where the calls of each conversation went last, because that provider has their beginning in its prompt cache. */
export interface ConversationMemory {
  /** Input tokens expected in the cache of this candidate; 0 for any other. */
  cachedTokens(
    conversationKey: string | undefined,
    candidate: Pick<Candidate, "service" | "model">,
    now: number,
  ): number;
  answered(conversationKey: string, answer: ConversationAnswer): void;
}

const maxConversations = 10_000;
/**
 * The shortest of the usual lifetimes: OpenAI keeps a prefix 5 to 10 minutes, Anthropic 5.
 * https://platform.openai.com/docs/guides/prompt-caching https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching
 */
const lifetimeMs = 5 * 60_000;
/** Shorter prompts are not cached by the providers above. */
const leastTokens = 1_024;
/** Not every call finds its prefix: routing inside the provider, other callers' load. */
const expectedHitShare = 0.8;

export function createConversationMemory(): ConversationMemory {
  const last = new Map<string, ConversationAnswer>();
  return {
    cachedTokens(conversationKey, { service, model }, now) {
      const known = conversationKey === undefined ? undefined : last.get(conversationKey);
      if (known?.service !== service || known.model !== model || now - known.now > lifetimeMs) return 0;
      return known.inputTokens < leastTokens ? 0 : Math.round(known.inputTokens * expectedHitShare);
    },
    answered(conversationKey, answer) {
      last.delete(conversationKey);
      last.set(conversationKey, answer);
      const [oldest] = last.keys();
      if (last.size > maxConversations && oldest !== undefined) last.delete(oldest);
    },
  };
}
