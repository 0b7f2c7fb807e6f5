import type { CacheTables } from "@sophia/core/cache/cache-tables";
import { createExactCache } from "@sophia/core/cache/exact-cache";
import type { Embedder } from "@sophia/core/embed/embedder";
import type { Reranker } from "@sophia/core/embed/reranker";
import { createSpending, type Spending } from "@sophia/core/ledger/spending";
import type { Platform, ServerRuntime } from "@sophia/core/mcp/platform";
import type { HealthCheck } from "@sophia/core/observe/health";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import { createEndpointHealth } from "@sophia/core/routing/create-endpoint-health";
import type { EndpointHealth } from "@sophia/core/routing/endpoint-health";
import { OutcomeMemory } from "@sophia/core/routing/outcome-memory";
import { createQualityEstimator } from "@sophia/core/routing/quality-estimator";
import { createRouter, type Router } from "@sophia/core/routing/router";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { createOpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import type { AiConfig } from "./config.ts";
import type { CallSink } from "./domain/call-record.ts";
import { Completions } from "./domain/completions.ts";
import { createEmbedder } from "./domain/embedders.ts";
import { findEndpoints } from "./domain/find-endpoints.ts";
import { createKeyLimits } from "./domain/key-limits.ts";
import { createModelCatalog } from "./domain/model-catalog.ts";
import { createModels, type Models } from "./domain/models.ts";
import { createPriceBook } from "./domain/prices.ts";
import { createReranker } from "./domain/rerankers.ts";
import { startSimulation } from "./domain/simulation.ts";
import type { Provider } from "./domain/targets.ts";
import { createGateway } from "./gateway/gateway.ts";
import { createKeyPolicies, type LoadedKeyPolicies } from "./policies/key-policies.ts";
import type { PolicyTables } from "./policies/policy-tables.ts";
import { type CallLog, createCallLog } from "./usage/call-log.ts";
import type { UsageTables } from "./usage/usage-tables.ts";

export type AiTables = CoreTables & CacheTables & PolicyTables & UsageTables;

/** What the tools of this server use. */
export interface AiServices {
  completions: Completions;
  models: Models;
  embedder: Embedder;
  reranker: Reranker;
  router: Router;
  health: EndpointHealth;
  policies: LoadedKeyPolicies;
  spending: Spending;
  callLog: CallLog;
}

/** Instead of what the settings say, for tests and benchmarks. */
export interface Given {
  endpoints?: readonly ModelEndpoint[];
  embedder?: Embedder;
  timeoutMs?: number;
  idleTimeoutMs?: number;
}

const hourMs = 3_600_000;

export async function createAiServices(
  settings: AiConfig,
  platform: Platform<AiTables>,
  given: Given = {},
): Promise<ServerRuntime<AiServices>> {
  const { log, clock, store } = platform;
  const found = given.endpoints ?? (await findEndpoints(settings, { log, clock }));
  const simulation = found.length === 0 && platform.config.simulate ? await startSimulation(log) : undefined;
  const endpoints = simulation ? [simulation.endpoint] : found;
  const providers = endpoints.map((endpoint) => createProvider(endpoint, platform, given));
  const models = createModels({ providers, prices: createPriceBook({ clock }), clock });
  const embedder = given.embedder ?? (await createEmbedder({ log }));
  const reranker = createReranker(embedder);
  const spending = createSpending({ store, log, clock });
  const policies = await createKeyPolicies({ store, clock, log, serverBudgets: {} });
  const callLog = createCallLog({ store, clock, log });
  const health = createEndpointHealth({ clock });
  const quality = createQualityEstimator({ memory: new OutcomeMemory() });
  const router = createRouter({ quality, health, clock, random: Math.random });
  const completions = new Completions({
    models,
    router,
    health,
    cache: createExactCache({ store, clock, log, ttlMs: settings.SOPHIA_AI_CACHE_TTL_HOURS * hourMs }),
    spending,
    policies,
    limits: createKeyLimits({ clock }),
    clock,
    log,
    simulated: endpoints.every(({ mode }) => mode === "simulated"),
    sinks: [createAnswerCounter(platform), (record) => callLog.record(record)],
  });
  return {
    services: { completions, models, embedder, reranker, router, health, policies, spending, callLog },
    routes: createGateway({ completions, models, embedder, log }),
    checks: [...providers.map(toCheck), embedderCheck(embedder)],
    async close() {
      await completions.close();
      await Promise.all([spending.close(), callLog.close(), policies.close()]);
      await Promise.all([embedder.close(), ...providers.map((provider) => provider.client.close())]);
      await simulation?.close();
    },
  };
}

function createProvider(endpoint: ModelEndpoint, platform: Platform<AiTables>, given: Given): Provider {
  const { log, clock, metrics, pacer } = platform;
  const { timeoutMs, idleTimeoutMs } = given;
  const client = createOpenAiClient({
    endpoint,
    log,
    clock,
    pacer,
    observer: createHttpObserver(metrics),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
  });
  return { endpoint, client, catalog: createModelCatalog({ endpoint, client, log, clock }) };
}

function createAnswerCounter({ metrics }: Platform<AiTables>): CallSink {
  const labels = ["service", "mode", "cache", "outcome"] as const;
  const counter = metrics.counter(
    "sophia_ai_answers_total",
    "Chat answers by service, mode, cache and outcome.",
    labels,
  );
  return ({ service, mode, cache, outcome }) => counter.increment({ service, mode, cache, outcome });
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
