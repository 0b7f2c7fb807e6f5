import type { Embedder } from "@sophia/core/embed/embedder";
import type { HealthCheck } from "@sophia/core/observe/health";
import type { Provider } from "./domain/targets.ts";

/** None is required: without a model the server still embeds, and says what is missing. */
export function createChecks(providers: readonly Provider[], embedder: Embedder): HealthCheck[] {
  return [...providers.map(toCheck), embedderCheck(embedder)];
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
