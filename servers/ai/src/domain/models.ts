import { suggestName } from "@sophia/core/config/suggest-name";
import { AppError } from "@sophia/core/errors/app-error";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import type { ModelCatalog } from "./model-catalog.ts";
import type { ListedModel } from "@sophia/vendors/openai-shape/listed-model";
import type { OpenAiClient } from "@sophia/vendors/openai-shape/openai-client";
import type { ModelPrice, PriceBook } from "./prices.ts";

export interface Provider {
  endpoint: ModelEndpoint;
  client: OpenAiClient;
  catalog: ModelCatalog;
}

/** A model at an endpoint, and what it costs there. */
export interface Target {
  provider: Provider;
  model: string;
  price: ModelPrice;
}

export interface OfferedModel extends ListedModel {
  endpoint: ModelEndpoint;
  price: ModelPrice;
}

export interface Models {
  /** A named model is obeyed; left out or `auto` it is the default one. */
  resolve(name: string | undefined): Promise<Target>;
  /** All models of all endpoints that answer. Throws only when none does. */
  list(): Promise<OfferedModel[]>;
}

export function createModels(options: { providers: readonly Provider[]; prices: PriceBook }): Models {
  const { providers, prices } = options;

  function toTarget(provider: Provider, model: Pick<ListedModel, "id" | "pricing">): Target {
    return { provider, model: model.id, price: prices.find(provider.endpoint, model.id, model.pricing) };
  }

  async function resolveDefault(): Promise<Target> {
    const provider = firstOf(providers);
    const chat = (await provider.catalog.list()).filter((model) => model.kind === "chat");
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
        hint: "Name a model (list_models shows them), or set SOPHIA_OPENAI_MODELS: its first is the default.",
      });
    }
    return toTarget(provider, first);
  }

  async function resolveNamed(name: string): Promise<Target> {
    const offered: string[] = [];
    for (const provider of providers) {
      const list = await provider.catalog.list().catch(() => []);
      const listed = findModel(list, name);
      if (listed) return toTarget(provider, { ...listed, id: name });
      offered.push(...list.map((model) => model.id));
    }
    const provider = firstOf(providers);
    const { mode, models } = provider.endpoint;
    // A simulator has none of the names a program was written for, and its answer says which model it plays.
    if (mode === "simulated" && suggestName(name, offered) === undefined) return await resolveDefault();
    if (mode === "simulated" || models.length > 0) throw notOffered(name, offered);
    return toTarget(provider, { id: name, pricing: undefined });
  }

  return {
    resolve: (name) => (name === undefined || name === "auto" ? resolveDefault() : resolveNamed(name)),
    async list() {
      firstOf(providers);
      const lists = await Promise.allSettled(providers.map((provider) => provider.catalog.list()));
      const failed = lists.find((list) => list.status === "rejected");
      if (failed && lists.every((list) => list.status === "rejected")) throw failed.reason;
      return providers.flatMap(({ endpoint }, index) => {
        const list = lists[index];
        if (list?.status !== "fulfilled") return [];
        return list.value.map((model) => {
          const price = prices.find(endpoint, model.id, model.pricing);
          return { ...model, endpoint, price };
        });
      });
    },
  };
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
