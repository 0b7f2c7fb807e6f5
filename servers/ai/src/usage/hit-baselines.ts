import type { Clock } from "@sophia/core/limits/clock";
import type { CallRecord } from "../domain/call-record.ts";
import type { Models } from "../domain/models.ts";
import type { ModelPrice } from "../domain/prices.ts";

/** What an answer from the cache would have cost, for records that do not say: it was found before any model was chosen. */
export interface HitBaselines {
  /** Reads prices when those known are old. Never throws: without prices such calls have no baseline. */
  load(): Promise<void>;
  /** At the model that wrote the answer: for `auto` that may be less than the default one would have cost. */
  of(record: CallRecord): number | undefined;
}

const freshMs = 10 * 60_000;
const hits: ReadonlySet<CallRecord["cache"]> = new Set(["hit", "semantic", "shared"]);

export function createHitBaselines(options: { models: Pick<Models, "list">; clock: Clock }): HitBaselines {
  const { models, clock } = options;
  let prices = new Map<string, ModelPrice>();
  let readAt = -Infinity;
  return {
    async load() {
      if (clock.monotonic() - readAt < freshMs) return;
      readAt = clock.monotonic();
      const offered = await models.list().catch(() => undefined);
      if (!offered) return;
      prices = new Map(offered.map(({ id, endpoint, price }) => [`${endpoint.service}\n${id}`, price]));
    },
    of(record) {
      if (record.baselineUsd !== undefined || !hits.has(record.cache)) return record.baselineUsd;
      const price = prices.get(`${record.service}\n${record.model}`);
      if (!price || price.origin === "unknown") return undefined;
      return price.costOf({ ...record, cachedInputTokens: 0 });
    },
  };
}
