import { QuantileSketch } from "@sophia/core/statistics/quantile-sketch";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { Clock } from "@sophia/core/limits/clock";
import { toUsd } from "@sophia/core/ledger/nano-usd";
import { type Advice, type AdviceFacts, buildAdvice } from "./advice.ts";
import { toDailyCosts } from "./daily-costs.ts";
import { forecastMonth, type MonthForecast } from "./month-forecast.ts";
import { readUsage, type UsageFilter, type UsageGroup, type UsageGroupSums } from "./read-usage.ts";
import { addCounts, dayMs, toDay, zeroCounts } from "./roll-up.ts";
import { computeSavings, type Savings } from "./savings.ts";
import { parseTimeRange, startOfDay, type TimeRange } from "./time-range.ts";
import { findUnusualDays, type UnusualDay } from "./unusual-days.ts";
import type { UsageCounts, UsageTables } from "./usage-tables.ts";

/** What was used and spent by one group, or in all. */
export interface UsageSums {
  calls: number;
  errors: number;
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  costUsd: number;
  /** The part of costUsd whose tokens were counted here, not by the provider. */
  estimatedUsd: number;
  /** Calls of models that no price list has; they count as 0 USD. */
  unpricedCalls: number;
  /** Milliseconds, to 2 %, of calls with an answer; left out where there was none. */
  p50Ms?: number;
  p95Ms?: number;
  exactHits: number;
  semanticHits: number;
  sharedHits: number;
  /** Calls that did not look in the cache. */
  bypassed: number;
  /** All hits, of all calls. */
  hitShare: number;
}

export interface GroupUsage extends UsageSums {
  group: string;
}

export interface UsagePoint {
  /** Beginning of the day (hour, for ranges up to two days), wall-clock milliseconds. */
  time: number;
  costUsd: number;
  calls: number;
}

export interface ReportQuestion {
  range: TimeRange;
  groupBy: UsageGroup;
  filter: UsageFilter;
}

export interface UsageReports {
  /** See parseTimeRange; `undefined` ends are counted from now. */
  parseRange(text: { since?: string | undefined; until?: string | undefined }): TimeRange;
  /** All groups, the dearest first (times in order), with their sum. */
  groups(question: ReportQuestion): Promise<{ range: TimeRange; groups: GroupUsage[]; total: UsageSums }>;
  series(question: Omit<ReportQuestion, "groupBy">): Promise<UsagePoint[]>;
  savings(question: Omit<ReportQuestion, "groupBy">): Promise<(Savings & { baselineModel: string }) | undefined>;
  unusual(question: Omit<ReportQuestion, "groupBy">): Promise<UnusualDay[]>;
  /** Of the running month, whatever range is asked about. */
  forecast(filter: UsageFilter): Promise<MonthForecast | undefined>;
  advice(question: Omit<ReportQuestion, "groupBy">): Promise<Advice[]>;
}

export interface UsageReportOptions<Tables extends UsageTables> {
  store: Store<Tables>;
  clock: Clock;
  /** The model that `baselineUsd` of the records was computed with. */
  baselineModel: string;
  /** As given to the call log: older hours are gone, and such ranges are widened to whole days. Default 90. */
  keepDays?: number;
  /** Everything advice rests on beside what was used. Read when asked. */
  adviceSources(): Promise<Pick<AdviceFacts, "offers" | "judgments" | "qualityFloor" | "cacheStats">>;
}

const forecastHistoryDays = 200;
const hourlyUpToMs = 2 * dayMs;

export function createUsageReports<Tables extends UsageTables>(options: UsageReportOptions<Tables>): UsageReports {
  const store: Store<UsageTables> = narrowStore(options.store);
  const { clock, keepDays = 90 } = options;

  /** Hours that are gone are asked for as whole days. */
  function widen(range: TimeRange): TimeRange {
    const oldest = clock.now() - keepDays * dayMs;
    const since = range.since < oldest ? startOfDay(range.since) : range.since;
    const until = range.until < oldest ? startOfDay(range.until + dayMs - 1) : range.until;
    return { since, until };
  }

  return {
    parseRange: (text) => parseTimeRange(text, clock.now()),
    async groups({ range: asked, groupBy, filter }) {
      const range = widen(asked);
      const sums = await readUsage(store, { range, by: [groupBy, "cache"], filter, latency: true });
      const isTime = groupBy === "day" || groupBy === "hour";
      const byGroup = [...Map.groupBy(sums, ({ key }) => key[0] ?? "")].map(([key, group]) => ({
        ...toSums(group),
        group: isTime ? formatTime(Number(key), groupBy) : key,
      }));
      const order = isTime ? byTime : byCost;
      return { range, groups: byGroup.toSorted(order), total: toSums(sums) };
    },
    async series({ range: asked, filter }) {
      const range = widen(asked);
      const oldest = clock.now() - keepDays * dayMs;
      const step = range.until - range.since <= hourlyUpToMs && range.since >= oldest ? "hour" : "day";
      const sums = await readUsage(store, { range, by: [step], filter });
      return sums
        .map(({ key, counts }) => ({ time: Number(key[0]), costUsd: toUsd(counts.cost_nano_usd), calls: counts.calls }))
        .toSorted((left, right) => left.time - right.time);
    },
    async savings({ range: asked, filter }) {
      const range = widen(asked);
      const by = range.until - range.since > hourlyUpToMs ? "day" : "hour";
      const savings = computeSavings(await readUsage(store, { range, by: [by, "origin"], filter }));
      return savings && { ...savings, baselineModel: options.baselineModel };
    },
    unusual: ({ range, filter }) => findUnusualDays(store, { range: widen(range), filter, now: clock.now() }),
    async forecast(filter) {
      const now = clock.now();
      const range = { since: startOfDay(now) - forecastHistoryDays * dayMs, until: startOfDay(now) + dayMs };
      return forecastMonth(toDailyCosts(await readUsage(store, { range, by: ["day"], filter }), range), now);
    },
    async advice({ range: asked, filter }) {
      const range = widen(asked);
      const sums = await readUsage(store, { range, by: ["category", "model", "service", "cache"], filter });
      const years = (Math.min(range.until, clock.now()) - range.since) / (365 * dayMs);
      return buildAdvice({ ...(await options.adviceSources()), sums, years });
    },
  };
}

function toSums(groups: readonly UsageGroupSums[]): UsageSums {
  const counts: UsageCounts = zeroCounts();
  const hits: Record<string, number> = {};
  const latency = new QuantileSketch();
  for (const group of groups) {
    addCounts(counts, group.counts);
    const cache = group.key[1] ?? "";
    hits[cache] = (hits[cache] ?? 0) + group.counts.calls;
    latency.mergeText(String(group.latency));
  }
  const [exactHits = 0, semanticHits = 0, sharedHits = 0] = [hits["hit"], hits["semantic"], hits["shared"]];
  const p50Ms = latency.quantile(0.5);
  const p95Ms = latency.quantile(0.95);
  return {
    calls: counts.calls,
    errors: counts.errors,
    inputTokens: counts.input_tokens,
    outputTokens: counts.output_tokens,
    cachedInputTokens: counts.cached_input_tokens,
    costUsd: toUsd(counts.cost_nano_usd),
    estimatedUsd: toUsd(counts.estimated_nano_usd),
    unpricedCalls: counts.unpriced_calls,
    ...(p50Ms !== undefined && { p50Ms: round(p50Ms) }),
    ...(p95Ms !== undefined && { p95Ms: round(p95Ms) }),
    exactHits,
    semanticHits,
    sharedHits,
    bypassed: hits["bypass"] ?? 0,
    hitShare: counts.calls === 0 ? 0 : (exactHits + semanticHits + sharedHits) / counts.calls,
  };
}

/** Three digits: more would pretend to know. */
function round(ms: number): number {
  return Number(ms.toPrecision(3));
}

function formatTime(time: number, step: "day" | "hour"): string {
  return step === "day" ? toDay(time) : `${new Date(time).toISOString().slice(0, 13)}:00Z`;
}

function byTime(left: GroupUsage, right: GroupUsage): number {
  return left.group < right.group ? -1 : 1;
}

function byCost(left: GroupUsage, right: GroupUsage): number {
  return right.costUsd - left.costUsd || right.calls - left.calls || byTime(left, right);
}
