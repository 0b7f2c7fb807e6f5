import { createErrorBudget } from "@sophia/core/cache/error-budget";
import { isRight, type Policy, type Requests } from "./matcher.ts";
import { shuffle } from "./read-sets.ts";

export interface TraceOutcome {
  requests: number;
  verbatim: number;
  exactHitRate: number;
  hitRate: number;
  errorRate: number;
}

const repeatShare = 0.3;

/** A trace of repeated traffic: subjects by Zipf's law, three requests in ten word for word an earlier one. */
export function createTrace({ answers }: Requests, count: number, random: () => number): number[] {
  const subjects = new Map<string, number[]>();
  for (const [index, answer] of answers.entries()) {
    const subject = answer ?? `none ${index}`;
    subjects.set(subject, [...(subjects.get(subject) ?? []), index]);
  }
  const ranked = shuffle([...subjects.values()], random).map((texts) => shuffle(texts, random));
  const weights = ranked.map((_, rank) => 1 / (rank + 1));
  const trace: number[] = [];
  while (trace.length < Math.min(count, answers.length)) {
    if (trace.length > 0 && random() < repeatShare) {
      trace.push(trace[Math.floor(random() * trace.length)]!);
      continue;
    }
    // A subject whose wordings are used up has none for a new request.
    const left = weights.map((weight, rank) => ((ranked[rank]?.length ?? 0) > 0 ? weight : 0));
    let point = random() * left.reduce((sum, weight) => sum + weight, 0);
    const rank = left.findIndex((weight) => (point -= weight) <= 0 && weight > 0);
    const fresh = ranked[rank]?.pop();
    if (fresh === undefined) break;
    trace.push(fresh);
  }
  return trace;
}

/** Exact cache first, then the product's policy at the given budget. */
export function replayTrace(
  requests: Requests,
  policy: Policy,
  options: { trace: readonly number[]; budget: number; random: () => number },
): TraceOutcome {
  const { trace, budget, random } = options;
  const learned = createErrorBudget({ budget: () => budget, random });
  /** What was answered for each text, exact or not: that is what the exact cache would give again. */
  const exact = new Set<number>();
  const seen = new Set<number>();
  const cached: number[] = [];
  let exactHits = 0;
  let hits = 0;
  let wrong = 0;
  let verbatim = 0;
  for (const request of trace) {
    verbatim += seen.has(request) ? 1 : 0;
    seen.add(request);
    if (exact.has(request)) {
      exactHits += 1;
      continue;
    }
    const found = policy(request, cached);
    learned.observe(found?.score);
    const right = found !== undefined && isRight(requests, request, found.request);
    const { serve, check } = found ? learned.decide(found.score) : { serve: false, check: false };
    if (serve) {
      hits += 1;
      wrong += right ? 0 : 1;
      if (!check) continue;
    }
    if (found) learned.record(found.score, right, serve);
    cached.push(request);
    exact.add(request);
  }
  const share = (part: number) => Number((part / trace.length).toFixed(4));
  return {
    requests: trace.length,
    verbatim: share(verbatim),
    exactHitRate: share(exactHits),
    hitRate: share(exactHits + hits),
    errorRate: share(wrong),
  };
}
