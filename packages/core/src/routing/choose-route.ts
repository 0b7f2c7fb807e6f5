import { isResting, orderByCost, type RouteOption } from "./route-option.ts";
import type { RoutePolicy, RouteRequest } from "./route.ts";

export interface ChooseRules {
  /** See QualityBudget. */
  tolerance: number;
  explorationShare: number;
  minOutcomes: number;
  random(): number;
}

/**
 * So few families are a choice somebody made, and any of them may be tried. A provider's whole catalogue is not: of that
 * only what has been judged before is drawn.
 */
const shortList = 8;

/** The options that may serve, in order, and how the first came to be it. */
export interface RoutePlan {
  order: RouteOption[];
  policy: RoutePolicy;
  propensity: number;
  floor: number;
  /** Expected score of the best usable model. */
  best: number;
}

/** All options given have passed the guards. */
export function chooseRoute(open: readonly RouteOption[], request: RouteRequest, rules: ChooseRules): RoutePlan {
  const { model } = request;
  if (model !== undefined && model !== "auto") {
    const named = open.filter(({ candidate }) => [candidate.id, candidate.model, candidate.family].includes(model));
    return { order: usableFirst(orderByCost(named, rules.random)), policy: "named", propensity: 1, floor: 0, best: 0 };
  }
  const usable = open.filter((option) => !isResting(option));
  const plan = isUnknown(open, rules) ? planDefault(open, rules) : planByQuality(usable, request, rules);
  const rest = open.filter((option) => !plan.order.includes(option)).toSorted(compareMeans);
  const whole = { ...plan, order: usableFirst([...plan.order, ...rest]) };
  return explore(whole, usable, rules);
}

function isUnknown(open: readonly RouteOption[], { minOutcomes }: ChooseRules): boolean {
  const trustOf = new Map(open.map(({ candidate, estimate }) => [candidate.family, estimate?.trust ?? 0]));
  return [...trustOf.values()].reduce((sum, trust) => sum + trust, 0) < minOutcomes;
}

function planDefault(open: readonly RouteOption[], { random }: ChooseRules): RoutePlan {
  const first = open.filter((option) => isSameFamily(option, open[0]));
  return { order: orderByCost(first, random), policy: "default", propensity: 1, floor: 0, best: 0 };
}

function planByQuality(usable: readonly RouteOption[], request: RouteRequest, rules: ChooseRules): RoutePlan {
  const [top] = usable.toSorted(compareMeans);
  const best = top?.estimate?.mean ?? 0;
  // Lower estimate against lower estimate: who is known less has to look better.
  const floor = request.qualityFloor ?? Math.max(0, (top?.estimate?.lower ?? 0) - rules.tolerance);
  // The best model is always good enough: there is nothing better to send the request to.
  const good = usable.filter((option) => (option.estimate?.lower ?? 0) >= floor || isSameFamily(option, top));
  const order = orderByCost(good, rules.random);
  const withoutCache = good.map((option) => ({ ...option, costUsd: option.costUsd + option.savingUsd }));
  const cheapestAnew = withoutCache.toSorted((left, right) => left.costUsd - right.costUsd)[0];
  const [first] = order;
  const isSticky =
    first !== undefined && first.savingUsd > 0 && first.costUsd + first.savingUsd > cheapestAnew!.costUsd;
  return { order, policy: isSticky ? "sticky" : "quality", propensity: 1, floor, best };
}

/**
 * Now and then another family answers that could be good enough for all we know: without that, what was bad once would
 * stay unknown for ever. The chance of whatever comes first is written down for offline evaluation.
 */
function explore(plan: RoutePlan, usable: readonly RouteOption[], rules: ChooseRules): RoutePlan {
  const [first] = plan.order;
  if (!first || plan.policy === "sticky" || rules.explorationShare === 0) return plan;
  const isShortList = new Set(usable.map(({ candidate }) => candidate.family)).size <= shortList;
  const isPromising = (option: RouteOption) =>
    Number.isFinite(option.costUsd) &&
    upperOf(option) >= plan.floor &&
    (isShortList || (option.estimate?.trust ?? 0) >= 1);
  const others = usable.filter((option) => !isSameFamily(option, first) && isPromising(option));
  const families = [...new Set(others.map(({ candidate }) => candidate.family))];
  if (families.length === 0) return plan;
  if (rules.random() >= rules.explorationShare) return { ...plan, propensity: 1 - rules.explorationShare };
  const drawn = families[Math.floor(rules.random() * families.length)];
  const firsts = orderByCost(
    others.filter(({ candidate }) => candidate.family === drawn),
    rules.random,
  );
  return {
    ...plan,
    order: [...firsts, ...plan.order.filter((option) => !firsts.includes(option))],
    policy: "exploration",
    propensity: rules.explorationShare / families.length,
  };
}

/** What rests stays in the route, behind: by the time the others have failed it may be back. */
function usableFirst(order: readonly RouteOption[]): RouteOption[] {
  return [...order.filter((option) => !isResting(option)), ...order.filter(isResting)];
}

function isSameFamily(option: RouteOption, other: RouteOption | undefined): boolean {
  return option.candidate.family === other?.candidate.family;
}

function upperOf({ estimate }: RouteOption): number {
  return estimate ? 2 * estimate.mean - estimate.lower : 0;
}

function compareMeans(left: RouteOption, right: RouteOption): number {
  return (right.estimate?.mean ?? 0) - (left.estimate?.mean ?? 0) || left.costUsd - right.costUsd;
}
