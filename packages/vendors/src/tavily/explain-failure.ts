import type { VendorFailure } from "@sophia/core/http/failures";
import { z } from "zod";

const KeylessRefusal = z.object({ error: z.object({ code: z.string() }) });

const planIsUsed: VendorFailure = {
  kind: "budget_exceeded",
  hint: "The plan's credits are used up: raise the plan, or wait for the next month.",
  retryable: false,
};
const paygoIsUsed: VendorFailure = {
  kind: "budget_exceeded",
  hint: "The pay-as-you-go limit is reached: raise it in Tavily's settings.",
  retryable: false,
};

/** What a refusal means beyond its status. https://docs.tavily.com/documentation/api-reference/introduction */
export function explainFailure(status: number, body: unknown): VendorFailure | undefined {
  if (status === 432) return planIsUsed;
  if (status === 433) return paygoIsUsed;
  // Calls without a key get a few answers a day: a refusal of that shape says that ours did not arrive.
  if (status < 500 && KeylessRefusal.safeParse(body).success) {
    return {
      kind: "not_configured",
      hint: "Tavily saw no key with this call: check TAVILY_API_KEY.",
      retryable: false,
    };
  }
  return undefined;
}
