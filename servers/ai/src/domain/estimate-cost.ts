import { type ChatRequest, estimateUsage } from "./chat-request.ts";
import type { Models } from "./models.ts";

/**
 * What a request will cost about, USD, by the price of the model it names; for `auto`, of the default one. 0 where no
 * price is known. Throws what naming the model would throw.
 */
export async function estimateCostUsd(models: Pick<Models, "resolve">, request: ChatRequest): Promise<number> {
  const { price } = await models.resolve(request.model);
  return price.costOf(estimateUsage(request));
}
