import type { CollectionReports } from "../collections/collection-reports.ts";
import type { CollectionPlan } from "../collections/collections.ts";

/** A collection of two sources, half of it over. */
export function sampleReport(): Awaited<ReturnType<CollectionReports["report"]>> {
  return {
    id: "c1",
    name: null,
    state: "running",
    items: 4,
    done: 2,
    costUsd: 0.008,
    estimateUsd: 0.016,
    budgetUsd: 1,
    createdAt: Date.UTC(2026, 10, 27),
    deadlineAt: Date.UTC(2026, 10, 27, 1),
    finishedAt: null,
    bySource: [
      { source: "pages", states: { done: 1, waiting: 1 }, documents: 1, costUsd: 0 },
      { source: "tavily", states: { unknown: 1, started: 1 }, documents: 3, costUsd: 0.008 },
    ],
    failures: [{ source: "tavily", state: "unknown", message: "Its outcome was lost.", count: 1, item: "news" }],
  };
}

export function samplePlan(facts: Partial<CollectionPlan> = {}): CollectionPlan {
  const bySource = [
    { source: "pages" as const, service: "zenrows", mode: "local" as const, items: 2, mostUsd: 0 },
    { source: "tavily" as const, service: "tavily", mode: "simulated" as const, items: 2, mostUsd: 0.016 },
  ];
  return { items: 4, mostUsd: 0.016, bySource, needsApproval: false, ...facts };
}
