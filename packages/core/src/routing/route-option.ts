import type { Candidate } from "./candidate.ts";
import type { CandidateHealth } from "./endpoint-health.ts";
import type { FamilyEstimate } from "./quality-estimator.ts";

/** A candidate on its way through one decision. */
export interface RouteOption {
  candidate: Candidate;
  /** Why it cannot serve the request at all. */
  obstacle: string | undefined;
  estimate: FamilyEstimate | undefined;
  /** Infinite when no price is known, so that nothing is chosen for being cheap unseen. */
  costUsd: number;
  savingUsd: number;
  health: CandidateHealth;
}

/** Costs closer than this part count as equal: load and latency decide between them. */
const equalCost = 0.1;
/** Until a candidate has been timed it counts as quick, or it would never be. */
const unknownMs = 500;

export function isResting({ health }: RouteOption): boolean {
  return health.state === "open" || health.state === "resting";
}

/**
 * The cheapest first. Among those that cost the same, the better of two drawn at random: of many equals the very best
 * would get every call at once (Mitzenmacher 2001, the power of two choices).
 */
export function orderByCost(options: readonly RouteOption[], random: () => number): RouteOption[] {
  const sorted = options.toSorted((left, right) => left.costUsd - right.costUsd || compareIds(left, right));
  const [cheapest] = sorted;
  if (!cheapest) return [];
  const limit = cheapest.costUsd * (1 + equalCost);
  const equals = sorted.filter(({ costUsd }) => costUsd <= limit);
  if (equals.length < 2) return sorted;
  const one = equals[Math.floor(random() * equals.length)] ?? cheapest;
  const others = equals.filter((option) => option !== one);
  const two = others[Math.floor(random() * others.length)] ?? one;
  const first = loadOf(two) < loadOf(one) ? two : one;
  return [first, ...sorted.filter((option) => option !== first)];
}

/** Time until a call would be through, roughly: what is in flight there counts as waiting before it. */
function loadOf({ health }: RouteOption): number {
  return (health.inFlight + 1) * (health.totalMs?.p50 ?? health.firstTokenMs?.p50 ?? unknownMs);
}

function compareIds(left: RouteOption, right: RouteOption): number {
  return left.candidate.id < right.candidate.id ? -1 : 1;
}
