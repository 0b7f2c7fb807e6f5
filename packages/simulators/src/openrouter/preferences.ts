import { z } from "zod";
import type { SimulatedModel, SimulatedPlace } from "./models.ts";

const Names = z.array(z.string()).nullish();

/** `provider` of a request. https://openrouter.ai/docs/guides/routing/provider-selection */
export const Preferences = z
  .strictObject({
    order: Names,
    only: Names,
    ignore: Names,
    quantizations: Names,
    allow_fallbacks: z.boolean().nullish(),
    require_parameters: z.boolean().nullish(),
    data_collection: z.enum(["allow", "deny"]).nullish(),
    zdr: z.boolean().nullish(),
    enforce_distillable_text: z.boolean().nullish(),
    sort: z.union([z.string(), z.looseObject({ by: z.string().nullish() })]).nullish(),
    preferred_max_latency: z.unknown(),
    preferred_min_throughput: z.unknown(),
    max_price: z.object({ prompt: z.coerce.number().optional(), completion: z.coerce.number().optional() }).optional(),
  })
  .partial();
type Preferences = z.output<typeof Preferences>;

export interface RoutedBody {
  model: string;
  provider?: Preferences | null | undefined;
  [name: string]: unknown;
}

/** Who may serve the request, the one to be asked first at the front. */
export function orderPlaces(model: SimulatedModel, body: RoutedBody): SimulatedPlace[] {
  const wishes = body.provider ?? {};
  const allowed = model.places.filter((place) => isAllowed(place, wishes, body));
  const by = typeof wishes.sort === "string" ? wishes.sort : wishes.sort?.by;
  const suffix = body.model.split(":")[1];
  const sorted = allowed.toSorted(comparators[toSort(by, suffix)] ?? comparators["price"]);
  if (!wishes.order) return sorted;
  const rank = (place: SimulatedPlace): number => {
    const index = wishes.order?.findIndex((name) => isNamed(place, name)) ?? -1;
    return index < 0 ? Number.POSITIVE_INFINITY : index;
  };
  const ordered = sorted.toSorted((one, other) => Math.min(rank(one), 1e9) - Math.min(rank(other), 1e9));
  return wishes.allow_fallbacks === false ? ordered.filter((place) => Number.isFinite(rank(place))) : ordered;
}

type Comparator = (one: SimulatedPlace, other: SimulatedPlace) => number;
const comparators: Readonly<Record<string, Comparator>> = {
  price: (one, other) => one.prompt + one.completion - (other.prompt + other.completion),
  throughput: (one, other) => other.throughput - one.throughput,
  latency: (one, other) => one.latencySeconds - other.latencySeconds,
};

function toSort(by: string | null | undefined, suffix: string | undefined): string {
  return by ?? (suffix === "nitro" ? "throughput" : "price");
}

function isAllowed(place: SimulatedPlace, wishes: Preferences, body: RoutedBody): boolean {
  if (wishes.only && !wishes.only.some((name) => isNamed(place, name))) return false;
  if (wishes.ignore?.some((name) => isNamed(place, name))) return false;
  if (wishes.zdr === true && !place.zdr) return false;
  if (wishes.data_collection === "deny" && place.collects) return false;
  if (wishes.quantizations && !wishes.quantizations.includes(place.quantization)) return false;
  const { prompt = Infinity, completion = Infinity } = wishes.max_price ?? {};
  if (place.prompt * 1e6 > prompt || place.completion * 1e6 > completion) return false;
  const needed = wishes.require_parameters === true ? ["tools", "response_format"] : ["tools"];
  return needed.every((name) => body[name] === undefined || place.parameters.includes(name));
}

function isNamed(place: SimulatedPlace, name: string): boolean {
  return place.slug === name.toLowerCase();
}
