/** One time per key in bounded memory. A time that has passed carries no information and may be forgotten. */
export interface TimeTable {
  /** The stored time, or 0. */
  get(key: string): number;
  set(key: string, time: number): void;
  readonly size: number;
}

const overflowSlots = 65_536;
const sweepPerInsert = 4;

/**
 * When more than `maxKeys` keys are ahead of now at once, the newest share hashed slots. A shared slot is
 * stricter than its own entry would be, never more open, so a flood of keys cannot buy anybody a free pass.
 */
export function createTimeTable(maxKeys: number, now: () => number): TimeTable {
  const entries = new Map<string, number>();
  const seed = Math.trunc(Math.random() * 0x7fffffff);
  let overflow: Float64Array | undefined;
  // One iterator kept across calls: starting anew each time would walk over every deleted entry again.
  let sweeper = entries.entries();

  function sweep(): void {
    const time = now();
    for (let step = 0; step < sweepPerInsert; step++) {
      const next = sweeper.next();
      if (next.done) {
        sweeper = entries.entries();
        return;
      }
      if (next.value[1] <= time) entries.delete(next.value[0]);
    }
  }

  function slotOf(key: string): number {
    let hash = seed;
    for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
    return (hash ^ (hash >>> 15)) & (overflowSlots - 1);
  }

  return {
    get(key) {
      const own = entries.get(key);
      if (own !== undefined) return own;
      return overflow === undefined ? 0 : (overflow[slotOf(key)] ?? 0);
    },
    set(key, time) {
      if (entries.size >= maxKeys && !entries.has(key)) {
        sweep();
        if (entries.size >= maxKeys) {
          overflow ??= new Float64Array(overflowSlots);
          const slot = slotOf(key);
          overflow[slot] = Math.max(overflow[slot] ?? 0, time);
          return;
        }
      }
      entries.set(key, time);
    },
    get size() {
      return entries.size;
    },
  };
}
