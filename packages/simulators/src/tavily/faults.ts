/** How an HTTP service is known to fail. `after`: what was asked for is done, only the answer is lost. */
export type HttpFault =
  | { kind: "status"; status: number; code?: string; retryAfter?: string }
  | { kind: "cut"; moment?: "before" | "after" | "half_body" }
  | { kind: "html"; status?: number }
  | { kind: "slow"; delayMs: number };

export interface FaultSwitch<Fault> {
  /** `route` is tested against e.g. `POST /search`; absent: any call. `times` defaults to 1. */
  set(fault: Fault, when?: { times?: number; route?: RegExp }): void;
  clear(): void;
  /** The fault for this call, used up by asking. */
  take(route: string): Fault | undefined;
}

export function createFaultSwitch<Fault>(): FaultSwitch<Fault> {
  let queue: { fault: Fault; left: number; route: RegExp }[] = [];
  return {
    set(fault, { times = 1, route = /(?:)/ } = {}) {
      queue.push({ fault, left: times, route });
    },
    clear() {
      queue = [];
    },
    take(route) {
      const next = queue.find((each) => each.route.test(route));
      if (!next) return undefined;
      next.left -= 1;
      if (next.left <= 0) queue = queue.filter((each) => each !== next);
      return next.fault;
    },
  };
}
