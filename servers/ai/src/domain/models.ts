import { suggestName } from "@sophia/core/config/suggest-name";
import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import type { ListedModel } from "@sophia/vendors/openai-shape/listed-model";
import { toFamily } from "./model-family.ts";
import type { ModelPrice, PriceBook } from "./prices.ts";
import { createTargets, type Provider, type Target, type Targets } from "./targets.ts";

export interface OfferedModel extends ListedModel {
  endpoint: ModelEndpoint;
  price: ModelPrice;
}

export interface Models {
  /** A named model is obeyed; left out or `auto` it is the default one. */
  resolve(name: string | undefined): Promise<Target>;
  /** The same, and after it the other places where the same model is to be had. */
  resolveAll(name: string): Promise<Target[]>;
  /** What answers when nobody names a model. Throws AppError where that would be a guess that costs money. */
  resolveDefault(): Promise<Target>;
  /** Every chat model of every endpoint that answers. */
  chat(): Promise<Target[]>;
  /** All models of all endpoints that answer. Throws only when none does. */
  list(): Promise<OfferedModel[]>;
}

export interface ModelsOptions {
  providers: readonly Provider[];
  prices: PriceBook;
  clock: Clock;
  /** What answers when nobody names a model. Default: the first provider's first, where that costs nothing or is meant. */
  defaultModel?: string | undefined;
}

export function createModels(options: ModelsOptions): Models {
  const { providers, prices, defaultModel } = options;
  const targets = createTargets(options);

  async function resolveDefault(): Promise<Target> {
    const provider = firstOf(providers);
    if (defaultModel !== undefined) return findDefault(await listChat(providers, targets), defaultModel);
    const { chat } = targets.of(provider, await provider.catalog.list());
    const [first] = chat;
    if (!first) {
      throw new AppError("unavailable", `${provider.endpoint.service} offers no chat model.`, {
        hint: "Load a model there, or configure another endpoint.",
        service: provider.endpoint.service,
      });
    }
    // Which of several hundred models may cost money is not for us to guess.
    if (chat.length > 1 && provider.endpoint.mode === "live" && provider.endpoint.models.length === 0) {
      throw new AppError("invalid_input", "No model was named, and there is no default.", {
        hint: "Name a model (list_models shows them), or set SOPHIA_AI_DEFAULT_MODEL to one.",
      });
    }
    return first;
  }

  async function resolveNamed(name: string): Promise<Target> {
    const offered: string[] = [];
    for (const provider of providers) {
      const list = provider.catalog.current() ?? (await provider.catalog.list().catch(() => []));
      const known = targets.of(provider, list).byModel.get(name);
      if (known) return known;
      const listed = findModel(list, name);
      if (listed) return targets.build(provider, { ...listed, id: name });
      offered.push(...list.map((model) => model.id));
    }
    const provider = firstOf(providers);
    const { mode, models } = provider.endpoint;
    // A simulator has none of the names a program was written for, and its answer says which model it plays.
    if (mode === "simulated" && suggestName(name, offered) === undefined) return await resolveDefault();
    if (mode === "simulated" || models.length > 0) throw notOffered(name, offered);
    return targets.build(provider, { id: name, pricing: undefined, contextLength: undefined, kind: "chat" });
  }

  return {
    resolveDefault,
    async resolveAll(name) {
      const first = await resolveNamed(name);
      if (providers.length === 1) return [first];
      return [first, ...(await findOthers(first, providers, targets))];
    },
    chat: () => listChat(providers, targets),
    resolve: (name) => (name === undefined || name === "auto" ? resolveDefault() : resolveNamed(name)),
    list: () => listOffered(providers, prices),
  };
}

async function listChat(providers: readonly Provider[], targets: Targets): Promise<Target[]> {
  firstOf(providers);
  const lists = await Promise.all(providers.map((provider) => provider.catalog.list().catch(() => [])));
  return providers.flatMap((provider, index) => targets.of(provider, lists[index] ?? []).chat);
}

/** It must be one that the router sees too. */
function findDefault(chat: readonly Target[], name: string): Target {
  const found = chat.find(({ model }) => model === name);
  if (found) return found;
  const offered = chat.map(({ model }) => model);
  const nearest = suggestName(name, offered);
  throw new AppError("not_configured", "No provider lists the chat model that SOPHIA_AI_DEFAULT_MODEL names.", {
    hint: nearest === undefined ? "list_models shows what there is." : `Did you mean ${nearest}?`,
  });
}

async function listOffered(providers: readonly Provider[], prices: PriceBook): Promise<OfferedModel[]> {
  firstOf(providers);
  const lists = await Promise.allSettled(providers.map((provider) => provider.catalog.list()));
  const failed = lists.find((list) => list.status === "rejected");
  if (failed && lists.every((list) => list.status === "rejected")) throw failed.reason;
  return providers.flatMap(({ endpoint }, index) => {
    const list = lists[index];
    if (list?.status !== "fulfilled") return [];
    return list.value.map((model) => {
      const price = prices.find(endpoint, model.id, model.listedPrice);
      return { ...model, endpoint, price };
    });
  });
}

/** Of the endpoints beside the first, those that are known to have the model. */
async function findOthers(first: Target, providers: readonly Provider[], targets: Targets): Promise<Target[]> {
  if (first.candidate.mode === "simulated") return [];
  const family = toFamily(first.model);
  const lists = await Promise.all(providers.map((provider) => provider.catalog.list().catch(() => [])));
  return providers.flatMap((provider, index) => {
    if (provider === first.provider || provider.endpoint.mode === "simulated") return [];
    return targets.of(provider, lists[index] ?? []).byFamily.get(family) ?? [];
  });
}

function notOffered(name: string, offered: readonly string[]): AppError {
  const nearest = suggestName(name, offered);
  const shown = `${offered.slice(0, 5).join(", ")}${offered.length > 5 ? ", …" : ""}`;
  return new AppError("not_found", "That model is not offered here.", {
    hint: nearest === undefined ? `Offered: ${shown}. list_models shows all.` : `Did you mean ${nearest}?`,
  });
}

/** Exact, else without a routing suffix (`:nitro`, `:cheapest`) that lists do not show. */
function findModel(models: readonly ListedModel[], name: string): ListedModel | undefined {
  const exact = models.find((model) => model.id === name);
  const colon = name.lastIndexOf(":");
  return exact ?? (colon > 0 ? models.find((model) => model.id === name.slice(0, colon)) : undefined);
}

function firstOf(providers: readonly Provider[]): Provider {
  const [first] = providers;
  if (first) return first;
  throw new AppError("not_configured", "No model endpoint is configured, and none was found on this machine.", {
    hint: "Set SOPHIA_OPENAI_API_KEY (and SOPHIA_OPENAI_BASE_URL), start Ollama or vLLM, or allow simulation with SOPHIA_SIMULATE=1.",
  });
}
