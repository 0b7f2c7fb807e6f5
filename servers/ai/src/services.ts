import type { SemanticCache } from "@sophia/core/cache/semantic-cache";
import type { Embedder } from "@sophia/core/embed/embedder";
import type { Reranker } from "@sophia/core/embed/reranker";
import { createSpending, type Spending } from "@sophia/core/ledger/spending";
import type { Clock } from "@sophia/core/limits/clock";
import type { Platform, ServerRuntime } from "@sophia/core/mcp/platform";
import type { EndpointHealth } from "@sophia/core/routing/endpoint-health";
import type { Router } from "@sophia/core/routing/router";
import type { ProviderAccounts } from "./accounts/provider-accounts.ts";
import { openAccounts } from "./accounts/open-accounts.ts";
import type { ProviderLogs } from "./accounts/provider-logs.ts";
import type { AiSettings } from "./config.ts";
import type { CallSink } from "./domain/call-record.ts";
import { Completions } from "./domain/completions.ts";
import { createKeyLimits } from "./domain/key-limits.ts";
import { createModels, type Models, type ModelsOptions } from "./domain/models.ts";
import type { PlainCallParts } from "./domain/plain-call.ts";
import { createPriceBook } from "./domain/prices.ts";
import type { SemanticAnswers } from "./domain/semantic-answers.ts";
import type { Provider } from "./domain/targets.ts";
import { createGateway } from "./gateway/gateway.ts";
import { createLocalServers, type LocalServers } from "./local/local-servers.ts";
import type { AiTables } from "./migrations.ts";
import { createObservation, type ObservationServices } from "./observation.ts";
import { openCaches, type OpenedCaches } from "./open-caches.ts";
import { openEmbedding } from "./open-embedding.ts";
import { type GivenProviders, openProviders } from "./open-providers.ts";
import { createKeyPolicies, type LoadedKeyPolicies } from "./policies/key-policies.ts";
import { askThrough, estimateThrough } from "./quality/ask-model.ts";
import type { Lessons } from "./quality/feedback.ts";
import type { ProviderFeedback } from "./quality/provider-feedback.ts";
import { readJudgedAnswers } from "./quality/judged-answers.ts";
import { type Comparisons, createComparisons } from "./routing/comparison.ts";
import { createRouting, type Routing } from "./routing/create-routing.ts";
import { createPromptVectors } from "./routing/prompt-vectors.ts";
import { createRouteExplainer, type RouteExplainer } from "./routing/route-explainer.ts";
import { createChecks } from "./service-checks.ts";
import { type CallLog, createCallLog } from "./usage/call-log.ts";
import { createUsage, type Usage } from "./usage/create-usage.ts";
import { createHitBaselines } from "./usage/hit-baselines.ts";

export type { AiTables } from "./migrations.ts";

/** What the tools of this server use. */
export interface AiServices extends ObservationServices {
  completions: Completions;
  models: Models;
  embedder: Embedder;
  reranker: Reranker;
  semanticCache: SemanticCache;
  router: Router;
  routes: RouteExplainer;
  comparisons: Comparisons;
  health: EndpointHealth;
  policies: LoadedKeyPolicies;
  spending: Spending;
  callLog: CallLog;
  usage: Usage;
  localServers: LocalServers;
  providerAccounts: ProviderAccounts;
  providerLogs: ProviderLogs;
  clock: Clock;
}

/** Instead of what the settings say, for tests and benchmarks. */
export interface Given extends GivenProviders {
  embedder?: Embedder;
}

const hourMs = 3_600_000;

export async function createAiServices(
  settings: AiSettings,
  platform: Platform<AiTables>,
  given: Given = {},
): Promise<ServerRuntime<AiServices>> {
  const { log, clock, store, pacer } = platform;
  const opened = await openProviders(settings, platform, given);
  const { providers } = opened;
  const models = openModels(settings, { providers, clock });
  const spending = createSpending({ store, log, clock });
  const policies = await openPolicies(settings, platform);
  const callLog = createCallLog({ store, clock, log, baselines: createHitBaselines({ models, clock }) });
  const limits = createKeyLimits({ clock });
  const always: CallSink[] = [createAnswerCounter(platform), (record) => callLog.record(record)];
  const sinks = [...always];
  const booking = { models, spending, policies, limits, callLog: createPlainLog(always, sinks), clock };
  const embedding = await openEmbedding(settings, platform, { ...booking, embedder: given.embedder });
  const { embedder, reranker } = embedding;
  const routing = createRouting({ store, clock, log });
  const caches = await openCaches(settings, platform, embedding);
  const { semanticCache, semantic } = caches;
  sinks.push(routing.learner.sink);
  const completions = openCompletions(settings, platform, { ...booking, providers, routing, caches, embedder, sinks });
  const ask = askThrough(completions);
  const endpoints = providers.map(({ endpoint }) => endpoint);
  const accounts = openAccounts({ endpoints, jobs: platform.jobs, log, clock, pacer });
  const { providerAccounts, providerLogs, providerFeedback } = accounts;
  const lessons = toLessons(routing, { semantic, completions }, providerFeedback);
  const judging = { ask, estimate: estimateThrough(models), lessons };
  const observation = await createObservation(settings, platform, judging);
  sinks.push(observation.sink);
  const usage = openUsage(platform, { policies, models, semanticCache });
  const own = { completions, models, embedder, reranker, semanticCache, policies, spending, callLog, usage };
  return {
    services: {
      ...observation.services,
      ...own,
      ...lookingBack(routing, { models, embedder, policies, ask, platform }),
      localServers: createLocalServers({ log, clock }),
      providerAccounts,
      providerLogs,
      clock,
    },
    routes: createGateway({ ...own, ...booking, log, paidEmbedding: embedding.paid }),
    checks: createChecks(providers, embedder, semanticCache),
    async close() {
      await completions.close();
      const users = [spending, callLog, policies, usage, observation, caches, routing.learner, accounts];
      await Promise.all(users.map((user) => user.close()));
      await Promise.all([embedding.close(), opened.close()]);
    },
  };
}

function openCompletions(
  settings: AiSettings,
  { clock, log }: Platform<AiTables>,
  parts: Omit<PlainCallParts, "models"> & {
    models: Models;
    providers: readonly Provider[];
    routing: Routing;
    caches: OpenedCaches;
    embedder: Embedder;
    sinks: readonly CallSink[];
  },
): Completions {
  const { providers, routing, caches, embedder, ...rest } = parts;
  const { router, health, strength } = routing;
  return new Completions({
    ...rest,
    ...caches.ofCalls,
    router,
    health,
    strength,
    vectors: createPromptVectors({ embedder, log }),
    clock,
    log,
    simulated: providers.every(({ endpoint }) => endpoint.mode === "simulated"),
    qualityFloor: settings.SOPHIA_AI_QUALITY_FLOOR,
  });
}

function openModels(settings: AiSettings, parts: Pick<ModelsOptions, "providers" | "clock">): Models {
  const { SOPHIA_AI_DEFAULT_MODEL: defaultModel } = settings;
  return createModels({ ...parts, prices: createPriceBook({ clock: parts.clock }), defaultModel });
}

/** Who learns from an opinion of an answer. */
function toLessons(
  { learner }: Routing,
  { semantic, completions }: { semantic: SemanticAnswers; completions: Completions },
  provider: ProviderFeedback,
): Lessons {
  return {
    learnOutcome: (lesson) => learner.learnOutcome(lesson),
    tellProvider: (opinion) => provider.send(opinion),
    forgetAnswer: (requestId) => completions.forget(requestId),
    judgeEntry: (entryId, verdict) => semantic.judge(entryId, verdict),
  };
}

/** Budgets of all callers together come from the settings, so that no tool can raise them. */
function openPolicies(settings: AiSettings, { store, clock, log }: Platform<AiTables>): Promise<LoadedKeyPolicies> {
  const { SOPHIA_AI_BUDGET_USD_PER_DAY: usdPerDay, SOPHIA_AI_BUDGET_USD_PER_MONTH: usdPerMonth } = settings;
  const serverBudgets = {
    ...(usdPerDay !== undefined && { usdPerDay }),
    ...(usdPerMonth !== undefined && { usdPerMonth }),
  };
  return createKeyPolicies({ store, clock, log, serverBudgets });
}

/** Advice rests on what people and judges said of answers in this time. */
const judgedWithinMs = 90 * 24 * hourMs;

function openUsage(
  { store, clock, log }: Platform<AiTables>,
  parts: { policies: LoadedKeyPolicies; models: Models; semanticCache: SemanticCache },
): Usage {
  return createUsage({
    store,
    clock,
    log,
    policies: parts.policies,
    models: parts.models,
    judgments: () => readJudgedAnswers(store, clock.now() - judgedWithinMs),
    cacheStats: () => parts.semanticCache.stats(),
  });
}

/** The router and what explains and compares its choices. */
function lookingBack(
  { router, health, learner }: Routing,
  parts: {
    models: Models;
    embedder: Embedder;
    policies: LoadedKeyPolicies;
    ask: ReturnType<typeof askThrough>;
    platform: Platform<AiTables>;
  },
): Pick<AiServices, "router" | "health" | "routes" | "comparisons"> {
  const { models, embedder, policies, ask, platform } = parts;
  const { clock, log } = platform;
  return {
    router,
    health,
    routes: createRouteExplainer({ models, router, embedder, policies, clock }),
    comparisons: createComparisons({ ask, models, embedder, learner, log }),
  };
}

/** Of calls that are no chat. What is embedded beside a chat has that one's trace, and none of its own. */
function createPlainLog(always: readonly CallSink[], sinks: readonly CallSink[]): PlainCallParts["callLog"] {
  return {
    record(record) {
      const told = record.origin === "internal" ? always : sinks;
      for (const sink of told) sink(record, { messages: [], answer: "" });
    },
  };
}

function createAnswerCounter({ metrics }: Platform<AiTables>): CallSink {
  const labels = ["service", "mode", "cache", "outcome"] as const;
  const counter = metrics.counter("sophia_ai_answers_total", "Model answers by service, mode, cache, outcome.", labels);
  return ({ service, mode, cache, outcome }) => counter.increment({ service, mode, cache, outcome });
}
