import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";

export interface CrawlPause {
  /** Resolves when the site's own Crawl-delay allows the next request. Turns are given in the order of asking. */
  wait(host: string, delayMs: number, signal: AbortSignal): Promise<void>;
}

/** Longer waits are handed back to the caller instead of holding its call open. */
const maxWaitMs = 15_000;
const maxHosts = 5_000;

/** Crawl-delay of robots.txt, on top of the pace that the public fetch keeps with every host. */
export function createCrawlPause(clock: Clock): CrawlPause {
  const nextTurns = new Map<string, number>();
  return {
    async wait(host, delayMs, signal) {
      signal.throwIfAborted();
      if (delayMs <= 0) return;
      const now = clock.monotonic();
      const turnAt = Math.max(now, nextTurns.get(host) ?? 0);
      if (turnAt - now > maxWaitMs) {
        throw new AppError("rate_limited", "The site's robots.txt asks programs to come less often.", {
          hint: "Wait, or read pages of other sites meanwhile.",
          retryAfterMs: Math.ceil(turnAt - now),
        });
      }
      nextTurns.delete(host);
      nextTurns.set(host, turnAt + delayMs);
      const oldest = nextTurns.size > maxHosts ? nextTurns.keys().next().value : undefined;
      if (oldest !== undefined) nextTurns.delete(oldest);
      if (turnAt > now) await clock.sleep(turnAt - now, signal);
    },
  };
}
