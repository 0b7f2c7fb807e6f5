import { toUsd } from "@sophia/core/ledger/nano-usd";
import { bootstrapInterval } from "@sophia/core/statistics/bootstrap-interval";
import { sumCounts, type UsageGroupSums } from "./read-usage.ts";
import type { UsageCounts } from "./usage-tables.ts";

export interface Savings {
  /** What the same tokens would have cost at the baseline model without cache and routing. */
  baselineUsd: number;
  /** What those calls did cost, with our own checks and evaluations. */
  actualUsd: number;
  savedUsd: number;
  /** Of baselineUsd. */
  savedShare: number;
  /** Within which the share would lie for other times of the same kind, 95 %; left out for fewer than five of them. */
  shareLower?: number;
  shareUpper?: number;
  /** Days or hours that were drawn anew for the interval. */
  blocks: number;
  /** Calls with a baseline, of all but our own. */
  comparedCalls: number;
  totalCalls: number;
}

interface Block {
  baselineNano: number;
  actualNano: number;
}

const leastBlocks = 5;

/**
 * From sums by day (or hour) and origin. Our own shadow checks and evaluations have no baseline: their cost is taken
 * off the saving. Neighbouring calls resemble each other, so whole days are drawn, not calls. `undefined` where no call
 * has a baseline.
 */
export function computeSavings(byTimeAndOrigin: readonly UsageGroupSums[]): Savings | undefined {
  const blocks = new Map<string, Block>();
  const others: UsageGroupSums[] = [];
  for (const group of byTimeAndOrigin) {
    const [time = "", origin] = group.key;
    const block = blocks.get(time) ?? { baselineNano: 0, actualNano: 0 };
    blocks.set(time, block);
    addTo(block, group.counts, origin === "internal");
    if (origin !== "internal") others.push(group);
  }
  const all = [...blocks.values()];
  const total = sumBlocks(all);
  if (total.baselineNano === 0) return undefined;
  const interval =
    all.length < leastBlocks ? undefined : bootstrapInterval(all, (sample) => shareOf(sumBlocks(sample)));
  const counts = sumCounts(others);
  return {
    baselineUsd: toUsd(total.baselineNano),
    actualUsd: toUsd(total.actualNano),
    savedUsd: (total.baselineNano - total.actualNano) / 1e9,
    savedShare: shareOf(total),
    ...(interval && { shareLower: interval.lower, shareUpper: interval.upper }),
    blocks: all.length,
    comparedCalls: counts.baseline_calls,
    totalCalls: counts.calls,
  };
}

function addTo(block: Block, counts: UsageCounts, isInternal: boolean): void {
  block.baselineNano += counts.baseline_nano_usd;
  block.actualNano += isInternal ? counts.cost_nano_usd : counts.baseline_cost_nano_usd;
}

function sumBlocks(blocks: readonly Block[]): Block {
  const sum = { baselineNano: 0, actualNano: 0 };
  for (const { baselineNano, actualNano } of blocks) {
    sum.baselineNano += baselineNano;
    sum.actualNano += actualNano;
  }
  return sum;
}

function shareOf({ baselineNano, actualNano }: Block): number {
  return (baselineNano - actualNano) / baselineNano;
}
