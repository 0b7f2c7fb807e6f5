import { AppError } from "@sophia/core/errors/app-error";
import { type ChatRequest, estimateUsage } from "./chat-request.ts";
import type { Models } from "./models.ts";

/**
 * What a request will cost about, USD, by the price of the model it names; for `auto`, of the default one. Throws what
 * naming the model would throw, and AppError `budget_exceeded` where nobody knows the price: such calls have no bound.
 */
export async function estimateCostUsd(models: Pick<Models, "resolve">, request: ChatRequest): Promise<number> {
  const { price, candidate } = await models.resolve(request.model);
  if (price.origin === "unknown" && candidate.mode === "live") {
    throw new AppError(
      "budget_exceeded",
      `What ${candidate.model} costs is not known, so that no ceiling would hold.`,
      {
        hint: "Name a model with a price (list_models shows them).",
      },
    );
  }
  return price.costOf(estimateUsage(request));
}
