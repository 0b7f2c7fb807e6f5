import { createSemanticCache } from "@sophia/core/cache/create-semantic-cache";
import { createExactCache, type ExactCache } from "@sophia/core/cache/exact-cache";
import type { SemanticCache } from "@sophia/core/cache/semantic-cache";
import { createTagEpochs, type TagEpochs } from "@sophia/core/cache/tag-epochs";
import { type Reembedding, startReembedding } from "@sophia/core/embed/reembed";
import type { Platform } from "@sophia/core/mcp/platform";
import type { AiSettings } from "./config.ts";
import { createAnswerCheck, readAnswerText } from "./domain/cache-answer-check.ts";
import { loadCacheGraph } from "./domain/cache-graph.ts";
import { toHitVerifier } from "./domain/hit-verifier.ts";
import { findModelPartition } from "./domain/model-partition.ts";
import { createSemanticAnswers, type SemanticAnswers } from "./domain/semantic-answers.ts";
import type { AiTables } from "./migrations.ts";
import type { OpenedEmbedding } from "./open-embedding.ts";

export interface OpenedCaches {
  semanticCache: SemanticCache;
  semantic: SemanticAnswers;
  /** What a call looks into; a tag that is raised counts for both caches. */
  ofCalls: { cache: ExactCache; tagEpochs: TagEpochs; semantic: SemanticAnswers | undefined };
  close(): Promise<void>;
}

const hourMs = 3_600_000;
/** How long an invalidation by another process may stay unseen. */
const refreshMs = 1_000;

export async function openCaches(
  settings: AiSettings,
  platform: Platform<AiTables>,
  embedding: OpenedEmbedding,
): Promise<OpenedCaches> {
  const { store, clock, log } = platform;
  const ttlMs = settings.SOPHIA_AI_CACHE_TTL_HOURS * hourMs;
  const tagEpochs = createTagEpochs({ store, clock, refreshMs });
  const { reranker } = embedding;
  const verify = toHitVerifier(settings.SOPHIA_AI_CACHE_VERIFY, { reranker, clock, log });
  const createGraph = await loadCacheGraph(log);
  const semanticCache = createSemanticCache({
    store,
    clock,
    log,
    epochs: tagEpochs,
    refreshMs,
    sameAnswer: createAnswerCheck(embedding.embedder),
    textOf: readAnswerText,
    defaults: { errorBudget: settings.SOPHIA_AI_CACHE_ERROR_PERCENT / 100, ttlMs },
    ...(verify && { verify }),
    ...(createGraph && { createGraph }),
  });
  const { exact, close } = await openExact(platform, ttlMs);
  const semantic = createSemanticAnswers({ cache: semanticCache, embedder: embedding.embedder, log });
  const reembedding = embedding.isOurs ? startMoving(semanticCache, embedding, platform) : undefined;
  const isUsed = settings.SOPHIA_AI_SEMANTIC_CACHE && ttlMs > 0;
  return {
    semanticCache,
    semantic,
    ofCalls: { cache: exact, tagEpochs, semantic: isUsed ? semantic : undefined },
    async close() {
      await reembedding?.stop();
      await semanticCache.close();
      close();
    },
  };
}

/**
 * Entries of an embedding model that was configured before come over behind the day's work. A provider's model is not
 * asked for it: whose question an entry holds is not known, so neither who pays nor whether it may leave.
 */
function startMoving(
  cache: SemanticCache,
  { embedder }: OpenedEmbedding,
  { clock, log }: Platform<AiTables>,
): Reembedding {
  return startReembedding({ embedder, port: cache.outdated(findModelPartition), clock, log });
}

/** In the store, and with Redis in one place for all processes and machines. */
async function openExact(
  { config, store, clock, log }: Platform<AiTables>,
  ttlMs: number,
): Promise<{ exact: ExactCache; close(): void }> {
  const local = createExactCache({ store, clock, log, ttlMs });
  if (!config.redisUrl || ttlMs <= 0) return { exact: local, close: () => {} };
  // Loaded only where it is wanted: the client costs each server 6 MB.
  const { createSharedExactCache } = await import("@sophia/core/cache/shared-exact-cache");
  const shared = createSharedExactCache({ url: config.redisUrl, local, clock, log, ttlMs });
  return { exact: shared, close: () => shared.close() };
}
