import type { CategoryStats } from "@sophia/core/cache/semantic-cache";
import { wilsonInterval } from "@sophia/core/statistics/wilson";
import type { ModelPrice } from "../domain/prices.ts";
import { costOf, sumCounts, type UsageGroupSums } from "./read-usage.ts";
import type { UsageCounts } from "./usage-tables.ts";

/** One thing to change, and what a year of the same traffic would then cost less. */
export interface Advice {
  kind: "cheaper_model" | "cheaper_service" | "stop_bypassing_cache" | "calibrate_cache" | "prompt_cache";
  saveUsdPerYear: number;
  text: string;
}

/** A model at a service and what it costs there. */
export interface Offer {
  model: string;
  service: string;
  price: Pick<ModelPrice, "origin" | "costOf">;
}

/** How often answers of a model to one kind of request were found good enough. */
export interface Judgment {
  category: string;
  model: string;
  judged: number;
  passed: number;
}

export interface AdviceFacts {
  /** By category, model, service and cache, in this order. */
  sums: readonly UsageGroupSums[];
  /** How many years of traffic these are. */
  years: number;
  offers: readonly Offer[];
  judgments: readonly Judgment[];
  /** Share of good answers that a model must reach, 0 to 1. */
  qualityFloor: number;
  cacheStats: readonly Pick<CategoryStats, "category" | "checks" | "threshold" | "requests" | "hits">[];
}

interface Traffic {
  category: string;
  model: string;
  service: string;
  counts: UsageCounts;
}

const leastUsdPerYear = 1;
const mostAdvice = 8;
const leastJudged = 30;
const leastLooked = 50;
const leastCalls = 20;
/** A difference below this is not worth a change. */
const leastSaving = 0.05;
/** Below it providers keep no prefix: OpenAI and Anthropic both begin at 1,024 tokens. */
const leastPrefixTokens = 1_024;
/** What is taken for the fixed part of a long prompt; the text says so. */
const assumedPrefixShare = 0.5;

/** The most valuable first. */
export function buildAdvice(facts: AdviceFacts): Advice[] {
  const paid = groupPaid(facts.sums);
  const all = [
    ...paid.map((traffic) => adviseModel(traffic, facts)),
    ...groupByPlace(paid).map((traffic) => adviseService(traffic, facts)),
    ...adviseCache(facts),
    ...paid.map((traffic) => advisePromptCache(traffic, facts)),
  ];
  return all
    .filter((advice) => advice !== undefined)
    .map((advice) => ({ ...advice, saveUsdPerYear: advice.saveUsdPerYear / facts.years }))
    .filter(({ saveUsdPerYear }) => saveUsdPerYear >= leastUsdPerYear)
    .toSorted((left, right) => right.saveUsdPerYear - left.saveUsdPerYear)
    .slice(0, mostAdvice);
}

/** Calls that went to a provider, whatever the cache said. */
function groupPaid(sums: readonly UsageGroupSums[]): Traffic[] {
  const asked = sums.filter(({ key }) => key[3] === "miss" || key[3] === "bypass");
  return [...Map.groupBy(asked, ({ key }) => key.slice(0, 3).join("\n")).values()].map((group) => {
    const [category = "", model = "", service = ""] = group[0]?.key ?? [];
    return { category, model, service, counts: sumCounts(group) };
  });
}

function groupByPlace(paid: readonly Traffic[]): Traffic[] {
  return [...Map.groupBy(paid, ({ model, service }) => `${model}\n${service}`).values()].map((group) => ({
    category: "",
    model: group[0]?.model ?? "",
    service: group[0]?.service ?? "",
    counts: sumCounts(group),
  }));
}

function adviseModel(traffic: Traffic, facts: AdviceFacts): Advice | undefined {
  const { category, model, counts } = traffic;
  const good = facts.judgments.filter(
    (judgment) =>
      judgment.category === category &&
      judgment.model !== model &&
      judgment.judged >= leastJudged &&
      wilsonInterval(judgment.passed, judgment.judged).lower >= facts.qualityFloor,
  );
  const best = cheapest(
    traffic,
    facts.offers.filter((offer) => good.some((judgment) => judgment.model === offer.model)),
  );
  const judgment = good.find((one) => one.model === best?.offer.model);
  if (!best || !judgment) return undefined;
  const { judged, passed } = judgment;
  return {
    kind: "cheaper_model",
    saveUsdPerYear: best.savedUsd,
    text: `Calls of kind ${category} at ${model} (${counts.calls}): ${best.offer.model} at ${best.offer.service} was good enough in ${passed} of ${judged} judged calls of this kind. Name it, or ask for "auto".`,
  };
}

function adviseService(traffic: Traffic, { offers }: AdviceFacts): Advice | undefined {
  const family = familyOf(traffic.model);
  const best = cheapest(
    traffic,
    offers.filter((offer) => offer.service !== traffic.service && familyOf(offer.model) === family),
  );
  if (!best) return undefined;
  return {
    kind: "cheaper_service",
    saveUsdPerYear: best.savedUsd,
    text: `${traffic.model} at ${traffic.service} cost ${usd(costOf(traffic.counts))}; the same tokens of ${best.offer.model} at ${best.offer.service} would have cost ${usd(costOf(traffic.counts) - best.savedUsd)}.`,
  };
}

function* adviseCache({ sums, cacheStats }: AdviceFacts): Generator<Advice> {
  const byCategory = [...Map.groupBy(sums, ({ key }) => key[0] ?? "")].map(([category, group]) => {
    const of = (...states: string[]): UsageCounts =>
      sumCounts(group.filter(({ key }) => states.includes(key[3] ?? "")));
    const hits = of("hit", "semantic", "shared").calls;
    return { category, hits, misses: of("miss"), bypassed: of("bypass"), looked: hits + of("miss").calls };
  });
  for (const { category, hits, bypassed, looked } of byCategory) {
    if (looked < leastLooked || bypassed.calls === 0) continue;
    yield {
      kind: "stop_bypassing_cache",
      saveUsdPerYear: costOf(bypassed) * (hits / looked),
      text: `${bypassed.calls} calls of kind ${category} went past the cache for ${usd(costOf(bypassed))}; of those that looked there ${percent(hits / looked)} were answered from it.`,
    };
  }
  const learned = cacheStats.filter(({ threshold }) => threshold !== undefined);
  const requests = learned.reduce((sum, stats) => sum + stats.requests, 0);
  const served = learned.reduce((sum, stats) => sum + stats.hits, 0);
  if (requests < leastLooked) return;
  for (const { category, misses } of byCategory) {
    const stats = cacheStats.find((one) => one.category === category);
    if (!stats || stats.threshold !== undefined || misses.calls < leastLooked) continue;
    yield {
      kind: "calibrate_cache",
      saveUsdPerYear: costOf(misses) * (served / requests),
      text: `Calls of kind ${category} are never answered by meaning: ${stats.checks} checks are too few to promise the error budget. At the hit share of the other kinds (${percent(served / requests)}) it would save this; warm_cache and a larger error budget both help.`,
    };
  }
}

function advisePromptCache({ category, model, service, counts }: Traffic, { offers }: AdviceFacts): Advice | undefined {
  const offer = offers.find((one) => one.model === model && one.service === service && isPriced(one));
  const inputTokens = Math.round(counts.input_tokens / counts.calls);
  const cachedShare = counts.cached_input_tokens / counts.input_tokens;
  if (!offer || counts.calls < leastCalls || inputTokens < leastPrefixTokens) return undefined;
  const full = offer.price.costOf({ inputTokens, outputTokens: 0, cachedInputTokens: 0 });
  const cached = offer.price.costOf({ inputTokens, outputTokens: 0, cachedInputTokens: inputTokens });
  return {
    kind: "prompt_cache",
    saveUsdPerYear: counts.calls * (full - cached) * Math.max(0, assumedPrefixShare - cachedShare),
    text: `Calls of kind ${category} read ${inputTokens} tokens each at ${model}, ${percent(cachedShare)} of them at the lower price of a repeated beginning. Put what never changes first; this counts half of the prompt as such.`,
  };
}

function cheapest({ counts }: Traffic, offers: readonly Offer[]): { offer: Offer; savedUsd: number } | undefined {
  const spent = costOf(counts);
  // Of one call: long prompts cost more per token with some models, and a month of calls is no long prompt.
  const usage = {
    inputTokens: Math.round(counts.input_tokens / counts.calls),
    outputTokens: Math.round(counts.output_tokens / counts.calls),
    cachedInputTokens: 0,
  };
  const priced = offers
    .filter(isPriced)
    .map((offer) => ({ offer, savedUsd: spent - counts.calls * offer.price.costOf(usage) }));
  const best = priced.toSorted((left, right) => right.savedUsd - left.savedUsd)[0];
  return best && best.savedUsd > leastSaving * spent ? best : undefined;
}

/** What costs nothing is a machine of one's own, whose cost no list knows. */
function isPriced({ price: { origin } }: Offer): boolean {
  return origin === "provider" || origin === "table";
}

/** `meta-llama/Llama-3.3-70B-Instruct:free` and `llama-3.3-70b-instruct` are the same weights. */
function familyOf(model: string): string {
  return (model.split("/").at(-1) ?? model).split(":")[0]?.toLowerCase() ?? model;
}

function usd(value: number): string {
  return `${value.toFixed(2)} USD`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
