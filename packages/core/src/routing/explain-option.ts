import { formatUsd } from "./guards.ts";
import { isResting, type RouteOption } from "./route-option.ts";
import type { RoutePlan } from "./choose-route.ts";
import type { ConsideredCandidate } from "./route.ts";

const policyReasons: Readonly<Record<RoutePlan["policy"], string>> = {
  named: "the caller named it",
  default: "too few judged answers to choose by: the default",
  quality: "the cheapest that is good enough",
  exploration: "drawn to learn how good it is",
  sticky: "its provider has the conversation's beginning in its prompt cache, which makes it the cheapest",
};

/** One option of a plan in words: why it was taken, or why it lost. */
export function explainOption(option: RouteOption, plan: RoutePlan): ConsideredCandidate {
  const { candidate, estimate, health, costUsd, savingUsd } = option;
  const [first] = plan.order;
  const verdict = toVerdict(option, plan);
  return {
    candidate,
    ...(estimate && { estimate: { mean: estimate.mean, lower: estimate.lower, neighbours: estimate.near.length } }),
    expectedCostUsd: Number.isFinite(costUsd) ? costUsd : 0,
    cacheSavingUsd: savingUsd,
    state: health.state,
    verdict,
    reason: verdict === "chosen" ? describeChoice(plan, option) : describeLoss(option, plan, first),
  };
}

function toVerdict(option: RouteOption, { order }: RoutePlan): ConsideredCandidate["verdict"] {
  if (option === order[0]) return "chosen";
  return order.includes(option) ? "fallback" : "excluded";
}

function describeChoice(plan: RoutePlan, option: RouteOption): string {
  if (plan.policy === "quality" && (option.estimate?.lower ?? 0) < plan.floor) {
    return "the best there is, though none reaches the floor for certain";
  }
  return policyReasons[plan.policy];
}

function describeLoss(option: RouteOption, plan: RoutePlan, first: RouteOption | undefined): string {
  const { obstacle, health, estimate, costUsd, candidate } = option;
  if (obstacle !== undefined) return obstacle;
  if (plan.policy === "named" && !plan.order.includes(option)) return "another model was named";
  if (isResting(option)) {
    const cause = health.cause ? ` after ${health.cause.replaceAll("_", " ")}` : "";
    return `is given a rest${cause}, for ${Math.ceil(health.retryAfterMs / 1_000)} s more`;
  }
  if (!Number.isFinite(costUsd)) return "its price is not known";
  if (plan.policy === "quality" && estimate && estimate.lower < plan.floor) {
    return `may not be good enough: at least ${estimate.lower.toFixed(2)} is expected, ${plan.floor.toFixed(2)} is wanted`;
  }
  if (candidate.family === first?.candidate.family) return "the same model, elsewhere";
  if (first && costUsd > first.costUsd) return `costs ${formatUsd(costUsd - first.costUsd)} more`;
  return "comes after the first choice";
}
