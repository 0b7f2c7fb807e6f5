import type { SemanticCache } from "@sophia/core/cache/semantic-cache";
import type { Embedder } from "@sophia/core/embed/embedder";
import type { HealthCheck } from "@sophia/core/observe/health";
import type { Provider } from "./domain/targets.ts";

/** None is required: without a model the server still embeds, and says what is missing. */
export function createChecks(
  providers: readonly Provider[],
  embedder: Embedder,
  semanticCache: Pick<SemanticCache, "searchedIn">,
): HealthCheck[] {
  return [...providers.map(toCheck), embedderCheck(embedder), cacheCheck(semanticCache)];
}

function toCheck({ endpoint, catalog }: Provider): HealthCheck {
  return {
    name: `models: ${endpoint.service}`,
    required: false,
    async check() {
      const models = await catalog.list();
      return { ok: models.length > 0, detail: `${models.length} models, ${endpoint.mode}` };
    },
  };
}

function embedderCheck(embedder: Embedder): HealthCheck {
  return {
    name: "embedding model",
    required: false,
    async check() {
      const { state, modelId, reason } = embedder.status();
      return { ok: state !== "degraded", detail: reason ?? `${modelId}: ${state}` };
    },
  };
}

function cacheCheck(semanticCache: Pick<SemanticCache, "searchedIn">): HealthCheck {
  return {
    name: "answer cache",
    required: false,
    async check() {
      const isInDatabase = (await semanticCache.searchedIn()) === "pgvector";
      return { ok: true, detail: isInDatabase ? "searched by PostgreSQL" : "searched in this server's memory" };
    },
  };
}
