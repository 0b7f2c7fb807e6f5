/** Where the calls of each conversation went last, because that provider has their beginning in its prompt cache. */
export interface ConversationMemory {
  /** Input tokens expected in the cache of this candidate; 0 for any other. */
  cachedTokens(conversationKey: string | undefined, candidateId: string, now: number): number;
  answered(conversationKey: string, answer: { candidateId: string; inputTokens: number; now: number }): void;
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
  const last = new Map<string, { candidateId: string; inputTokens: number; at: number }>();
  return {
    cachedTokens(conversationKey, candidateId, now) {
      const known = conversationKey === undefined ? undefined : last.get(conversationKey);
      if (!known || known.candidateId !== candidateId || now - known.at > lifetimeMs) return 0;
      return known.inputTokens < leastTokens ? 0 : Math.round(known.inputTokens * expectedHitShare);
    },
    answered(conversationKey, { candidateId, inputTokens, now }) {
      last.delete(conversationKey);
      last.set(conversationKey, { candidateId, inputTokens, at: now });
      const [oldest] = last.keys();
      if (last.size > maxConversations && oldest !== undefined) last.delete(oldest);
    },
  };
}
