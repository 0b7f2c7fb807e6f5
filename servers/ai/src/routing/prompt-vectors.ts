import type { EmbedAccount, Embedder } from "@sophia/core/embed/embedder";
import type { Logger } from "pino";
import { untilAborted } from "../domain/until-aborted.ts";

export interface PromptVector {
  vector: Float32Array;
  embeddingModelId: string;
}

/** The vector by which the router finds judged requests like this one. */
export interface PromptVectors {
  /** `undefined` when there is no text, or no vector in time: the router then goes by its means. */
  of(
    messages: readonly Readonly<Record<string, unknown>>[],
    signal: AbortSignal,
    account?: EmbedAccount,
  ): Promise<PromptVector | undefined>;
}

/** Whoever waits for a model can wait this long to get the right one. */
const deadlineMs = 300;
/** The embedding model reads the beginning only. */
const mostCharacters = 4_096;

export function createPromptVectors(options: { embedder: Pick<Embedder, "embed">; log?: Logger }): PromptVectors {
  const { embedder, log } = options;
  return {
    async of(messages, signal, account) {
      const text = readQuestion(messages);
      if (text.trim() === "") return undefined;
      try {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
        const whose = account && { account };
        const embedded = embedder.embed([text], { purpose: "query", signal: limit, ...whose });
        const { vectors, modelId } = await untilAborted(embedded, limit);
        const [vector] = vectors;
        return vector && { vector, embeddingModelId: modelId };
      } catch (error) {
        signal.throwIfAborted();
        log?.debug({ err: error }, "no vector in time: routed by means");
        return undefined;
      }
    },
  };
}

/** The text of the last user turn, without images. */
function readQuestion(messages: readonly Readonly<Record<string, unknown>>[]): string {
  const content = messages.findLast((message) => message["role"] === "user")?.["content"];
  if (typeof content === "string") return content.slice(0, mostCharacters);
  if (!Array.isArray(content)) return "";
  const texts = content.map((part: unknown) => (part as { text?: unknown } | null)?.text);
  return texts
    .filter((text) => typeof text === "string")
    .join("\n")
    .slice(0, mostCharacters);
}
