import { z } from "zod";
import { type ListedPrice, parseListedPrice } from "./listed-price.ts";

/** One of the places that serve a model, in the list of a router that offers it at several. */
export interface ListedPlace {
  provider: string;
  contextLength: number | undefined;
  listedPrice: ListedPrice | undefined;
  supportsTools: boolean | undefined;
  supportsJson: boolean | undefined;
}

/** An entry of `providers` as Hugging Face's router words it. https://huggingface.co/docs/inference-providers */
export const Place = z.looseObject({
  provider: z.string().min(1).max(100),
  /** `live`, `staging`, `error`. */
  status: z.string().nullish(),
  context_length: z.number().nullish(),
  pricing: z.unknown().optional(),
  supports_tools: z.boolean().nullish(),
  supports_structured_output: z.boolean().nullish(),
});

/** Those that answer. */
export function toListedPlaces(places: readonly z.output<typeof Place>[]): ListedPlace[] {
  return places
    .filter(({ status }) => (status ?? "live") === "live")
    .map((place) => ({
      provider: place.provider,
      contextLength: place.context_length ?? undefined,
      listedPrice: parseListedPrice(place.pricing),
      supportsTools: place.supports_tools ?? undefined,
      supportsJson: place.supports_structured_output ?? undefined,
    }));
}
