import type { DataPolicy } from "@sophia/core/routing/candidate";
import { z } from "zod";
import { type ListedPlace, Place, toListedPlaces } from "./listed-place.ts";
import { type ListedPrice, parseListedPrice } from "./listed-price.ts";

/** An entry of the provider's `/models`. What a provider does not say is absent. */
export interface ListedModel {
  id: string;
  contextLength: number | undefined;
  /** As the provider words it. */
  pricing: unknown;
  /** The same, understood. */
  listedPrice?: ListedPrice | undefined;
  kind: "chat" | "embedding" | "rerank";
  maxOutputTokens?: number | undefined;
  supports?: { tools?: boolean | undefined; json?: boolean | undefined; vision?: boolean | undefined } | undefined;
  /** The strictest policy under which the provider serves it, when the request demands it. */
  dataPolicy?: DataPolicy | undefined;
  /** Where a router can send its calls. */
  places?: readonly ListedPlace[] | undefined;
}

const Modalities = z.array(z.string()).nullish();
const Model = z.object({
  id: z.string().min(1).max(200),
  context_length: z.number().nullish(),
  max_model_len: z.number().nullish(),
  type: z.string().nullish(),
  // Most endpoints (OpenAI, Ollama, vLLM) state none; a bare `unknown` would demand the key.
  pricing: z.unknown().optional(),
  architecture: z.object({ input_modalities: Modalities, output_modalities: Modalities }).nullish(),
  supported_parameters: z.array(z.string()).nullish(),
  providers: z.array(Place).max(200).nullish(),
  top_provider: z.object({ max_completion_tokens: z.number().nullish() }).nullish(),
});
type Model = z.output<typeof Model>;

const Models = z.array(Model).max(20_000);

/** A provider's list of models: `{data: […]}`, or the bare array of Together. Schema of the answer as our own type. */
export const ModelReply = z
  .union([z.object({ data: Models }).transform(({ data }) => data), Models])
  .transform((models) => models.map(toListedModel));

const kinds: Readonly<Record<string, ListedModel["kind"]>> = {
  embedding: "embedding",
  embeddings: "embedding",
  rerank: "rerank",
};

function toListedModel(model: Model): ListedModel {
  const maxOutputTokens = model.top_provider?.max_completion_tokens;
  const supports = readSupports(model);
  return {
    id: model.id,
    contextLength: model.context_length ?? model.max_model_len ?? undefined,
    pricing: model.pricing,
    listedPrice: parseListedPrice(model.pricing),
    kind: readKind(model),
    ...(typeof maxOutputTokens === "number" && { maxOutputTokens }),
    ...(supports && { supports }),
    ...(model.providers && { places: toListedPlaces(model.providers) }),
  };
}

function readKind({ type, architecture }: Model): ListedModel["kind"] {
  const words = [type, ...(architecture?.output_modalities ?? [])];
  return words.map((word) => kinds[word ?? ""]).find((kind) => kind !== undefined) ?? "chat";
}

function readSupports({ supported_parameters: parameters, architecture }: Model): ListedModel["supports"] {
  const input = architecture?.input_modalities;
  if (!parameters && !input) return undefined;
  return {
    ...(parameters && {
      tools: parameters.includes("tools"),
      json: parameters.includes("structured_outputs") || parameters.includes("response_format"),
    }),
    ...(input && { vision: input.includes("image") }),
  };
}
