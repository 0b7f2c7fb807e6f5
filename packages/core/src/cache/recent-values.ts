import type { Clock } from "../limits/clock.ts";

/** A few values in memory for a short while. */
export interface RecentValues<Value> {
  get(id: string): Value | undefined;
  /** `size`: what it takes, in characters. */
  set(id: string, value: Value, size: number): void;
  delete(id: string): void;
}

/** Bounded by number and by size; the oldest go first. */
export function createRecentValues<Value>(options: {
  clock: Clock;
  keptMs: number;
  /** Default 2,000. */
  maxValues?: number;
  /** Characters. Default 16 million. */
  maxSize?: number;
}): RecentValues<Value> {
  const { clock, keptMs, maxValues = 2_000, maxSize = 16_000_000 } = options;
  const kept = new Map<string, { value: Value; size: number; until: number }>();
  let total = 0;

  function remove(id: string): void {
    total -= kept.get(id)?.size ?? 0;
    kept.delete(id);
  }

  return {
    get(id) {
      const known = kept.get(id);
      if (!known) return undefined;
      if (clock.monotonic() < known.until) return known.value;
      remove(id);
      return undefined;
    },
    set(id, value, size) {
      if (keptMs <= 0) return;
      remove(id);
      kept.set(id, { value, size, until: clock.monotonic() + keptMs });
      total += size;
      for (const oldest of kept.keys()) {
        if (kept.size <= maxValues && total <= maxSize) return;
        remove(oldest);
      }
    },
    delete: remove,
  };
}
