import type { Ledger } from "@sophia/core/ledger/ledger";
import type { Caller } from "@sophia/core/approval/caller";
import type { Logger } from "pino";
import type { Target } from "./models.ts";
import type { Usage } from "@sophia/vendors/openai-shape/usage";

/** What a call cost. `priceKnown` is false when no price list has the model: the cost then counts as 0. */
export interface Cost {
  costUsd: number;
  priceKnown: boolean;
}

/** The money of one call: set aside before it is made, settled with what was used, or given back. */
export interface Booking {
  /** Never throws: the answer has been paid for and must reach its caller; a lost entry is logged. */
  settle(usage: Usage): Promise<Cost>;
  release(): Promise<void>;
}

export interface BookingRequest {
  ledger: Ledger;
  log: Logger;
  caller: Caller;
  requestId: string;
  target: Target;
  expected: Pick<Usage, "inputTokens" | "outputTokens" | "cachedInputTokens">;
}

/** Throws AppError `budget_exceeded` before anything is spent. */
export async function openBooking(request: BookingRequest): Promise<Booking> {
  const { ledger, log, target, expected } = request;
  const { endpoint } = target.provider;
  const billable = {
    requestId: request.requestId,
    server: "ai",
    service: endpoint.service,
    caller: request.caller.id,
    unit: "tokens",
  };
  const expectedUsd = target.price.costOf(expected);
  // What costs nothing needs no money set aside: one entry afterwards instead of two writes.
  const reservation =
    expectedUsd > 0
      ? await ledger.reserve({
          ...billable,
          quantity: expected.inputTokens + expected.outputTokens,
          costUsd: expectedUsd,
        })
      : undefined;

  return {
    async settle(usage) {
      const cost = computeCost(target, usage);
      const quantity = usage.inputTokens + usage.outputTokens;
      const entry = {
        quantity,
        costUsd: cost.costUsd,
        kind: usage.estimated ? ("estimate" as const) : ("actual" as const),
        priceAsOf: target.price.asOf,
      };
      try {
        if (reservation) await ledger.settle(reservation, entry);
        else await ledger.record({ ...billable, ...entry });
      } catch (error) {
        log.error({ err: error, requestId: request.requestId, ...cost, quantity }, "cost not written to the ledger");
      }
      return cost;
    },
    async release() {
      if (!reservation) return;
      // An unreleased reservation gives its money back by itself when it expires.
      await ledger.release(reservation).catch((error: unknown) => log.warn({ err: error }, "reservation not released"));
    },
  };
}

/** The provider's own figure wins over any list, unless nobody is billed at all. */
function computeCost({ price, provider }: Target, usage: Usage): Cost {
  if (provider.endpoint.mode === "simulated") return { costUsd: 0, priceKnown: true };
  if (usage.statedCostUsd !== undefined) return { costUsd: usage.statedCostUsd, priceKnown: true };
  return { costUsd: price.costOf(usage), priceKnown: price.origin !== "unknown" };
}
