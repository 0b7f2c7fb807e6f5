import type { Clock } from "./clock.ts";
import { slowStartFloor, slowStartMs } from "./rules.ts";

/** Closed after a vendor said "later": every call under the same key waits, not only the one that was told. */
export interface Gate {
  /** Keeps the longer of two pauses. */
  close(key: string, forMs: number): void;
  /** Milliseconds until it opens; 0 when open. */
  waitMs(key: string): number;
  /** The part of the full pace that is right now: rises to 1 over ten seconds after an opening. */
  pace(key: string): number;
}

const maxGates = 10_000;

export function createGate(clock: Clock): Gate {
  const opensAt = new Map<string, number>();

  function forgetOldest(): void {
    const now = clock.monotonic();
    for (const [key, time] of opensAt) if (time + slowStartMs <= now) opensAt.delete(key);
    const oldest = opensAt.keys().next();
    if (opensAt.size >= maxGates && !oldest.done) opensAt.delete(oldest.value);
  }

  return {
    close(key, forMs) {
      const now = clock.monotonic();
      if (opensAt.size >= maxGates && !opensAt.has(key)) forgetOldest();
      opensAt.set(key, Math.max(opensAt.get(key) ?? 0, now + forMs));
    },
    waitMs(key) {
      return Math.max(0, (opensAt.get(key) ?? 0) - clock.monotonic());
    },
    pace(key) {
      const opened = opensAt.get(key);
      return opened === undefined ? 1 : slowStartPace(clock.monotonic() - opened);
    },
  };
}

function slowStartPace(sinceOpenMs: number): number {
  return Math.min(1, Math.max(slowStartFloor, sinceOpenMs / slowStartMs));
}
