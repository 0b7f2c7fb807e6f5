/** Ways to fail. Event counts start at 1 and count the stream's data events. */
export type Fault =
  | { kind: "status"; status: number; retryAfter?: string; headers?: Readonly<Record<string, string>>; body?: unknown }
  | { kind: "error_in_200"; code?: number | string; errorType?: string }
  | { kind: "error_in_stream"; afterEvents: number }
  | { kind: "html" }
  | { kind: "cut"; afterEvents: number }
  | { kind: "end_early"; afterEvents: number }
  | { kind: "stall"; afterEvents: number }
  | { kind: "malformed_event"; afterEvents: number }
  | { kind: "slow"; delayMs: number }
  | { kind: "empty" }
  | { kind: "no_usage" };

export interface FaultSwitch {
  /** The next `times` calls to a model fail this way. Default 1. */
  set(fault: Fault, times?: number): void;
  clear(): void;
  /** The fault for this call, used up by asking. */
  take(): Fault | undefined;
}

export function createFaultSwitch(): FaultSwitch {
  let queue: { fault: Fault; left: number }[] = [];
  return {
    set(fault, times = 1) {
      queue.push({ fault, left: times });
    },
    clear() {
      queue = [];
    },
    take() {
      const next = queue[0];
      if (!next) return undefined;
      next.left -= 1;
      if (next.left <= 0) queue.shift();
      return next.fault;
    },
  };
}
