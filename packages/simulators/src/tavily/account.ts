import type { SimulatorClock } from "../apify/simulator-clock.ts";

export type Counted = "search" | "extract" | "crawl" | "map" | "research";

export interface TavilyPlan {
  /** Credits a month that the plan includes. Default 1,000. */
  planLimit: number;
  /** Credits beyond it that are paid for one by one. Default 0: none. */
  paygoLimit: number;
}

export interface Account {
  /** 432 or 433 when nothing more is given. */
  refusal(): 432 | 433 | undefined;
  charge(kind: Counted, credits: number): void;
  /** Successful addresses fill groups; a credit is due when one is full. What is left over stays for the next call. */
  fillGroup(kind: Counted, rule: { units: number; groupSize: number; creditsPerGroup: number }): number;
  describe(): unknown;
}

/** https://docs.tavily.com/documentation/api-credits */
export function createAccount(plan: TavilyPlan): Account {
  const used: Record<Counted, number> = { search: 0, extract: 0, crawl: 0, map: 0, research: 0 };
  const open = new Map<string, number>();
  const total = (): number => Object.values(used).reduce((sum, credits) => sum + credits, 0);
  const byKind = (): Record<string, number> =>
    Object.fromEntries(Object.entries(used).map(([kind, credits]) => [`${kind}_usage`, credits]));
  return {
    refusal() {
      if (total() < plan.planLimit) return undefined;
      if (plan.paygoLimit === 0) return 432;
      return total() < plan.planLimit + plan.paygoLimit ? undefined : 433;
    },
    charge(kind, credits) {
      used[kind] += credits;
    },
    fillGroup(kind, { units, groupSize, creditsPerGroup }) {
      const group = `${kind} ${groupSize} ${creditsPerGroup}`;
      const filled = (open.get(group) ?? 0) + units;
      open.set(group, filled % groupSize);
      const credits = Math.floor(filled / groupSize) * creditsPerGroup;
      used[kind] += credits;
      return credits;
    },
    describe: () => ({
      key: { usage: total(), limit: null, ...byKind() },
      account: {
        current_plan: "Simulated",
        plan_usage: Math.min(total(), plan.planLimit),
        plan_limit: plan.planLimit,
        paygo_usage: Math.max(0, total() - plan.planLimit),
        paygo_limit: plan.paygoLimit,
        ...byKind(),
      },
    }),
  };
}

export interface RateWindows {
  /** Seconds until the window of this call's class opens again; `undefined`: allowed. */
  enter(method: string, path: string): number | undefined;
}

const minuteMs = 60_000;

/** https://docs.tavily.com/documentation/rate-limits */
export function createRateWindows(clock: SimulatorClock, requestsPerMinute: number): RateWindows {
  const windows = new Map<string, { startedAt: number; used: number }>();
  return {
    enter(method, path) {
      const { name, most } = classify(`${method} ${path}`, requestsPerMinute);
      const now = clock.now();
      let window = windows.get(name);
      if (!window || now - window.startedAt >= minuteMs) window = { startedAt: now, used: 0 };
      windows.set(name, window);
      window.used += 1;
      return window.used <= most ? undefined : Math.max(1, Math.ceil((window.startedAt + minuteMs - now) / 1_000));
    },
  };
}

function classify(route: string, requestsPerMinute: number): { name: string; most: number } {
  if (route === "POST /crawl") return { name: "crawl", most: 100 };
  if (route === "POST /research") return { name: "research", most: 20 };
  return { name: "default", most: requestsPerMinute };
}
