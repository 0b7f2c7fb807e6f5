// https://huggingface.co/docs/inference-providers
import type { VendorFailure } from "@sophia/core/http/failures";
import { z } from "zod";
import type { CallWishes } from "../openai-shape/call-wishes.ts";
import type { ListedModel } from "../openai-shape/listed-model.ts";
import type { ListedPlace } from "../openai-shape/listed-place.ts";
import type { Operation, ProviderProfile, ShapedRequest } from "../openai-shape/provider-profile.ts";

/** `{error: text}` where it is the Hub that speaks, and not a provider behind it. */
const HubError = z.object({ error: z.string() });

/**
 * The router of Inference Providers: chat in the OpenAI shape, each model at several providers. A name may end in
 * `:provider`, `:cheapest` or `:fastest`; without any of them we ask for the cheapest, whose price the list states.
 */
export function createHuggingFaceProfile(options: { billTo?: string | undefined } = {}): ProviderProfile {
  return {
    service: "huggingface",
    baseUrl: "https://router.huggingface.co/v1",
    // https://huggingface.co/docs/inference-providers/pricing: an organisation pays instead of the person.
    headers: { ...(options.billTo !== undefined && { "x-hf-bill-to": options.billTo }) },
    // The router embeds and ranks only by the Hub's own tasks, not in this shape: TEI does both on the GPU host.
    paths: { embeddings: false, rerank: false },
    shape,
    readModel,
    explain,
  };
}

function shape(_operation: Operation, body: Readonly<Record<string, unknown>>, wishes: CallWishes): ShapedRequest {
  const { model } = body;
  if (typeof model !== "string" || model.includes(":")) return { body: { ...body } };
  const fast = wishes.prefer === "throughput" || wishes.prefer === "latency";
  return { body: { ...body, model: `${model}:${fast ? "fastest" : "cheapest"}` } };
}

/** Price and abilities of the place a call without a suffix goes to. */
function readModel(model: ListedModel): ListedModel {
  const place = findCheapest(model.places ?? []);
  if (!place) return model;
  return {
    ...model,
    contextLength: model.contextLength ?? place.contextLength,
    listedPrice: place.listedPrice,
    supports: { ...model.supports, tools: place.supportsTools, json: place.supportsJson },
  };
}

/** The router goes by the price of what is written. */
function findCheapest(places: readonly ListedPlace[]): ListedPlace | undefined {
  const priced = places.filter(({ listedPrice }) => listedPrice !== undefined);
  const [first] = priced.toSorted((left, right) => outputRate(left) - outputRate(right));
  return first ?? places[0];
}

function outputRate({ listedPrice }: ListedPlace): number {
  return listedPrice?.output ?? Number.POSITIVE_INFINITY;
}

function explain(status: number, body: unknown): VendorFailure | undefined {
  if (!HubError.safeParse(body).success) return undefined;
  if (status === 402) {
    return { kind: "budget_exceeded", hint: "The month's included credit is used up: buy credit, or set HF_BILL_TO." };
  }
  if (status === 403) {
    return { kind: "denied", hint: "Give the token the right to make calls to Inference Providers." };
  }
  return undefined;
}
