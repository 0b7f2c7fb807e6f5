import type { SimulatorClock } from "./simulator-clock.ts";

// https://docs.apify.com/api/v2#rate-limiting
const perResourceSecond = 60;
const perRecordSecond = 200;
const perStartSecond = 400;
const perUserMinute = 250_000;

export interface RateLimits {
  /** Counts one request; gives the limit it fell under, and whether it is over it. */
  enter(method: string, path: string): { limit: number; isAllowed: boolean };
}

interface Window {
  startedAt: number;
  used: number;
}

const mostWindows = 5_000;

/** Fixed windows: one for the user, one for each resource. `divisor` makes them small enough for a test to fill. */
export function createRateLimits(clock: SimulatorClock, divisor: number): RateLimits {
  const user: Window = { startedAt: -Infinity, used: 0 };
  const resources = new Map<string, Window>();

  function count(window: Window, lengthMs: number): number {
    if (clock.now() - window.startedAt >= lengthMs) Object.assign(window, { startedAt: clock.now(), used: 0 });
    window.used += 1;
    return window.used;
  }

  return {
    enter(method, path) {
      const { resource, perSecond } = classify(method, path);
      const limit = Math.max(1, Math.floor(perSecond / divisor));
      const window = resources.get(resource) ?? { startedAt: -Infinity, used: 0 };
      if (resources.size >= mostWindows) resources.clear();
      resources.set(resource, window);
      const isUserAllowed = count(user, 60_000) <= Math.floor(perUserMinute / divisor);
      return { limit, isAllowed: count(window, 1_000) <= limit && isUserAllowed };
    },
  };
}

function classify(method: string, path: string): { resource: string; perSecond: number } {
  const [, collection = "", id = "", part = ""] = path.split("/");
  const resource = `${collection}/${id}`;
  if (method === "POST" && part === "runs") return { resource: `${resource}/runs`, perSecond: perStartSecond };
  if (part === "records") return { resource: `${resource}/records`, perSecond: perRecordSecond };
  return { resource, perSecond: perResourceSecond };
}
