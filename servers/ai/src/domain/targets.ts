import type { Clock } from "@sophia/core/limits/clock";
import type { Candidate, DataPolicy } from "@sophia/core/routing/candidate";
import { type Place, promisesEnough } from "@sophia/core/routing/data-policy";
import type { ListedModel } from "@sophia/vendors/openai-shape/listed-model";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import type { OpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import type { ModelCatalog } from "./model-catalog.ts";
import { toFamily } from "./model-family.ts";
import type { ModelPrice, PriceBook } from "./prices.ts";

export interface Provider {
  endpoint: ModelEndpoint;
  client: OpenAiClient;
  catalog: ModelCatalog;
}

/** A model at an endpoint, what it costs there, and how the router sees it. */
export interface Target {
  provider: Provider;
  model: string;
  price: ModelPrice;
  candidate: Candidate;
}

/** A provider's models as targets, worked out once for each list it gives. */
export interface Targets {
  /** In the order of the list. */
  of(provider: Provider, list: readonly ListedModel[]): ProviderTargets;
  build(provider: Provider, model: ListedModel): Target;
}

export interface ProviderTargets {
  chat: readonly Target[];
  byModel: ReadonlyMap<string, Target>;
  byFamily: ReadonlyMap<string, readonly Target[]>;
}

/** Some prices change with the hour. */
const freshMs = 10 * 60_000;

export function createTargets(options: { prices: PriceBook; clock: Clock }): Targets {
  const { prices, clock } = options;
  const known = new Map<Provider, { list: readonly ListedModel[]; until: number; targets: ProviderTargets }>();

  function build(provider: Provider, model: ListedModel): Target {
    const price = prices.find(provider.endpoint, model.id, model.listedPrice);
    return { provider, model: model.id, price, candidate: toCandidate(provider.endpoint, model, price) };
  }

  return {
    build,
    of(provider, list) {
      const last = known.get(provider);
      if (last && last.list === list && last.until > clock.monotonic()) return last.targets;
      const targets = group(list.map((model) => ({ kind: model.kind, target: build(provider, model) })));
      known.set(provider, { list, until: clock.monotonic() + freshMs, targets });
      return targets;
    },
  };
}

function group(all: readonly { kind: ListedModel["kind"]; target: Target }[]): ProviderTargets {
  const byModel = new Map(all.map(({ target }) => [target.model, target]));
  const byFamily = new Map<string, Target[]>();
  const chat = all.filter(({ kind }) => kind === "chat").map(({ target }) => target);
  for (const target of chat) {
    const { family } = target.candidate;
    byFamily.set(family, [...(byFamily.get(family) ?? []), target]);
  }
  return { chat, byModel, byFamily };
}

function toCandidate(endpoint: ModelEndpoint, model: ListedModel, price: ModelPrice): Candidate {
  const { service, mode, baseUrl, apiKey } = endpoint;
  // The simulator listens on another port each time.
  const endpointId = mode === "simulated" ? service : `${service} ${baseUrl}`;
  return {
    id: `${endpointId} ${model.id}`,
    endpointId,
    service,
    mode,
    model: model.id,
    family: toFamily(model.id),
    contextLength: model.contextLength,
    maxOutputTokens: model.maxOutputTokens,
    supports: model.supports ?? {},
    credential: apiKey,
    region: endpoint.region,
    dataPolicy: promiseOf(endpoint, model),
    price: {
      inputUsdPerMillion: price.inputUsdPerMillion,
      outputUsdPerMillion: price.outputUsdPerMillion,
      cachedInputUsdPerMillion: readCachedRate(price),
      known: price.origin !== "unknown",
      asOf: price.asOf,
    },
  };
}

/** What an endpoint promises about all texts, also where a request cannot demand anything. */
function standingPolicy({ mode, dataPolicy }: ModelEndpoint): DataPolicy {
  return mode === "live" ? (dataPolicy ?? "any") : "local";
}

/** The same as a place, for calls that carry no demands. */
export function standingPlace({ provider: { endpoint } }: Target): Place {
  return { dataPolicy: standingPolicy(endpoint), region: endpoint.region };
}

/** The most that a model can be had with at an endpoint: what that promises anyhow, or what a request can demand. */
export function promiseOf(
  endpoint: ModelEndpoint,
  { dataPolicy = "any" }: Pick<ListedModel, "dataPolicy">,
): DataPolicy {
  const standing = standingPolicy(endpoint);
  return promisesEnough(standing, dataPolicy) ? standing : dataPolicy;
}

/** USD for a million tokens the provider has in its prompt cache; without a discount that is the usual rate. */
function readCachedRate(price: ModelPrice): number {
  const cost = (tokens: number) => price.costOf({ inputTokens: tokens, outputTokens: 0, cachedInputTokens: tokens });
  // A prompt of this length pays no surcharge for long ones.
  return ((cost(1_000) - cost(0)) * 1_000_000) / 1_000;
}
