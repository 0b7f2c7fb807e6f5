import type { Logger } from "pino";
import type { Clock } from "../limits/clock.ts";

/** Tells of something that fails again and again: at most once a minute, and when it works again. */
export interface OutageLog {
  failed(error: unknown, details?: Readonly<Record<string, unknown>>): void;
  works(): void;
}

const quietMs = 60_000;

export function createOutageLog(options: { log: Logger; clock: Clock; failing: string; working: string }): OutageLog {
  const { log, clock } = options;
  let toldAt = -Infinity;
  let untold = 0;
  let isTold = false;
  return {
    failed(error, details = {}) {
      const now = clock.monotonic();
      if (now - toldAt < quietMs) {
        untold += 1;
        return;
      }
      log.warn({ err: error, ...details, untold }, options.failing);
      toldAt = now;
      untold = 0;
      isTold = true;
    },
    works() {
      if (isTold) log.info(options.working);
      isTold = false;
    },
  };
}
