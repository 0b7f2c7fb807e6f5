/** `after`: what was asked for is done, only the answer is lost. */
type Moment = "before" | "after";

/** How the vendor is known to fail. */
export type ApifyFault =
  | { kind: "status"; status: number; type?: string; retryAfter?: string; moment?: Moment }
  | { kind: "cut"; moment?: Moment | "half_body" }
  | { kind: "html"; status?: number; moment?: Moment }
  | { kind: "slow"; delayMs: number; moment?: Moment }
  /** The next run that starts ends this way. */
  | { kind: "run_ends"; status: "FAILED" | "TIMED-OUT" }
  /** The next run that starts keeps nothing of who started it. */
  | { kind: "no_user_agent" };

export interface FaultSwitch {
  /** `route` is tested against e.g. `POST /actors/apify~web-scraper/runs`; absent: any call. `times` defaults to 1. */
  set(fault: ApifyFault, when?: { times?: number; route?: RegExp }): void;
  clear(): void;
  /** The fault of these kinds for this call, used up by asking. */
  take(route: string, kinds: readonly ApifyFault["kind"][]): ApifyFault | undefined;
}

export const answerFaults = ["status", "cut", "html", "slow"] as const;
export const runFaults = ["run_ends", "no_user_agent"] as const;

export function createFaultSwitch(): FaultSwitch {
  let queue: { fault: ApifyFault; left: number; route: RegExp }[] = [];
  return {
    set(fault, { times = 1, route = /(?:)/ } = {}) {
      queue.push({ fault, left: times, route });
    },
    clear() {
      queue = [];
    },
    take(route, kinds) {
      const next = queue.find((each) => kinds.includes(each.fault.kind) && each.route.test(route));
      if (!next) return undefined;
      next.left -= 1;
      if (next.left <= 0) queue = queue.filter((each) => each !== next);
      return next.fault;
    },
  };
}
