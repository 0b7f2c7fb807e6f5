import type { Clock } from "@sophia/core/limits/clock";

export interface WindowPage<Item> {
  /** Oldest first. */
  items: Item[];
  /** How many the vendor has in the window. */
  total: number;
  /** The vendor's servers did not all answer in time: there may be more. */
  isIncomplete: boolean;
}

export interface Window<Item> {
  /** Wall clock, ms: the window that these were found in. */
  since: number;
  until: number;
  /** Not given before. */
  items: Item[];
  /** Some of the window are missing: the vendor was late, or more than it gives at once bear the same second. */
  isPartial: boolean;
}

export interface WalkRules<Item> {
  since: number;
  until: number;
  /** Items asked for at once, and the most that can be. */
  size: number;
  largestSize: number;
  read(window: { since: number; until: number; size: number }): Promise<WindowPage<Item>>;
  /** The time that windows are counted by, wall clock, ms; `null`: not known. */
  timeOf(item: Item): number | null;
  idOf(item: Item): string;
  clock: Clock;
  signal: AbortSignal;
}

const secondMs = 1_000;
const incompletePauseMs = 2_000;

/**
 * Everything between two times, oldest first, though a query gives only so many: each window begins in the second where
 * the last one broke off. Ends by itself, since every window begins later than the one before it.
 */
export async function* walkWindows<Item>(rules: WalkRules<Item>): AsyncGenerator<Window<Item>, void, undefined> {
  const { until, clock, signal } = rules;
  let since = Math.floor(rules.since / secondMs) * secondMs;
  let size = rules.size;
  /** What the last window gave: both may have what bears the second between them. */
  let seen = new Set<string>();
  while (since <= until) {
    const page = await readWhole(rules, { since, until, size }, clock, signal);
    const isLast = page.items.length < size && page.items.length >= Math.min(page.total, size);
    const next = isLast ? undefined : nextSecond(page.items, rules);
    // One second fills the page: with the largest page more of it can be had.
    if (next === since && size < rules.largestSize) {
      size = rules.largestSize;
      continue;
    }
    const isStuck = !isLast && (next === undefined || next <= since);
    const items = page.items.filter((item) => !seen.has(rules.idOf(item)));
    seen = new Set(page.items.map(rules.idOf));
    const isPartial = page.isIncomplete || isStuck;
    yield { since, until: isLast ? until : isStuck ? since : (next ?? until), items, isPartial };
    if (isLast || page.items.length === 0) return;
    since = isStuck ? since + secondMs : (next ?? until + 1);
    size = rules.size;
  }
}

/** Servers that were late once are mostly in time when asked again. */
async function readWhole<Item>(
  rules: WalkRules<Item>,
  window: { since: number; until: number; size: number },
  clock: Clock,
  signal: AbortSignal,
): Promise<WindowPage<Item>> {
  const page = await rules.read(window);
  if (!page.isIncomplete) return page;
  await clock.sleep(incompletePauseMs, signal);
  return await rules.read(window);
}

function nextSecond<Item>(items: readonly Item[], { timeOf }: WalkRules<Item>): number | undefined {
  const times = items.map(timeOf).filter((time) => time !== null);
  return times.length === 0 ? undefined : Math.floor(Math.max(...times) / secondMs) * secondMs;
}
