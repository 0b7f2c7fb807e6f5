import type { Store } from "@sophia/core/store/store";
import { costOf, readUsage, sumCounts, type UsageFilter, type UsageGroupSums } from "./read-usage.ts";
import { dayMs } from "./roll-up.ts";
import type { UsageCounts, UsageDimension, UsageTables } from "./usage-tables.ts";

export interface Driver {
  dimension: UsageDimension;
  name: string;
  /** Part of the difference that this one explains; above 1 where others went the other way. */
  share: number;
  /** What changed most about it: number of calls, tokens of each call, or price of each token. */
  because: "more calls" | "fewer calls" | "longer calls" | "shorter calls" | "dearer tokens" | "cheaper tokens";
}

const comparedDays = 28;
const dimensions: readonly UsageDimension[] = ["caller", "model", "category", "service", "operation"];
/** A name that explains less is not the reason. */
const leastShare = 0.3;

/** Whose spending explains most of a day's difference from the four weeks before it. */
export async function findDriver(
  store: Store<UsageTables>,
  { day, filter, change }: { day: number; filter: UsageFilter; change: number },
): Promise<Driver | undefined> {
  let best: Driver | undefined;
  for (const dimension of dimensions) {
    if (filter[dimension] !== undefined) continue;
    const today = await readUsage(store, { range: { since: day, until: day + dayMs }, by: [dimension], filter });
    const past = { since: day - comparedDays * dayMs, until: day };
    const before = new Map(
      (await readUsage(store, { range: past, by: [dimension], filter })).map((sums) => [sums.key[0], sums]),
    );
    const names = new Set([...today.map(({ key }) => key[0]), ...before.keys()]);
    for (const name of names) {
      const now = today.find(({ key }) => key[0] === name);
      const share = (costOfSums(now) - costOfSums(before.get(name)) / comparedDays) / change;
      // Where all calls are of one kind, naming the kind explains nothing.
      if (names.size < 2 || share < leastShare || (best && share <= best.share)) continue;
      const because = findReason(now?.counts, before.get(name)?.counts);
      best = { dimension, name: name ?? "", share, because };
    }
  }
  return best;
}

function costOfSums(sums: UsageGroupSums | undefined): number {
  return sums ? costOf(sums.counts) : 0;
}

/** Cost is calls × tokens of a call × price of a token: the factor that moved furthest, by ratio. */
function findReason(now = sumCounts([]), before = sumCounts([])): Driver["because"] {
  const factors = [
    { up: "more calls", down: "fewer calls", move: ratio(now.calls, before.calls / comparedDays) },
    {
      up: "longer calls",
      down: "shorter calls",
      move: ratio(tokensOf(now) / now.calls, tokensOf(before) / before.calls),
    },
    { up: "dearer tokens", down: "cheaper tokens", move: ratio(priceOf(now), priceOf(before)) },
  ] as const;
  const moved = factors.reduce((left, right) => (Math.abs(right.move) > Math.abs(left.move) ? right : left));
  return moved.move >= 0 ? moved.up : moved.down;
}

/** Logarithm of the ratio; of something that was not there before, only the number of calls counts. */
function ratio(now: number, before: number): number {
  const log = Math.log(now / before);
  return Number.isNaN(log) ? 0 : Math.max(-20, Math.min(20, log));
}

function tokensOf(counts: UsageCounts): number {
  return counts.input_tokens + counts.output_tokens;
}

function priceOf(counts: UsageCounts): number {
  return counts.cost_nano_usd / tokensOf(counts);
}
