import type { Usage } from "@sophia/vendors/openai-shape/usage";
import type { Cost } from "./chat-call.ts";
import type { Target } from "./targets.ts";

/** The provider's own figure wins over any list, unless nobody is billed at all. */
export function priceCall({ price, provider }: Target, usage: Usage): Cost {
  if (provider.endpoint.mode === "simulated") return { costUsd: 0, priceKnown: true };
  if (usage.statedCostUsd !== undefined) return { costUsd: usage.statedCostUsd, priceKnown: true };
  return { costUsd: price.costOf(usage), priceKnown: price.origin !== "unknown" };
}
