import { abortReason, type Clock } from "../limits/clock.ts";

/** A clock that stands still until a test moves it. */
export interface VirtualClock extends Clock {
  /** Moves both clocks forward and wakes every sleeper that falls due, in order, letting each one's code run first. */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock only, as an administrator or NTP would; negative jumps back. */
  jumpWall(ms: number): void;
  /** How many sleepers wait: zero after a test that leaks none. */
  readonly sleeping: number;
}

interface Sleeper {
  dueAt: number;
  wake(): void;
}

/** @param startMs where the wall clock starts, milliseconds since 1970; the monotonic clock starts at 0. */
export function createVirtualClock(startMs: number = Date.UTC(2026, 0, 5, 9)): VirtualClock {
  let elapsedMs = 0;
  let wallOffsetMs = startMs;
  const sleepers: Sleeper[] = [];

  function enqueue(sleeper: Sleeper): void {
    let low = 0;
    let high = sleepers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // Equal due times keep their order of arrival.
      if ((sleepers[middle]?.dueAt ?? Infinity) <= sleeper.dueAt) low = middle + 1;
      else high = middle;
    }
    sleepers.splice(low, 0, sleeper);
  }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortReason(signal));
        return;
      }
      const sleeper: Sleeper = {
        dueAt: elapsedMs + Math.max(0, ms),
        wake() {
          signal?.removeEventListener("abort", cancel);
          resolve();
        },
      };
      function cancel(): void {
        const index = sleepers.indexOf(sleeper);
        if (index >= 0) sleepers.splice(index, 1);
        if (signal) reject(abortReason(signal));
      }
      signal?.addEventListener("abort", cancel, { once: true });
      enqueue(sleeper);
    });
  }

  async function advance(ms: number): Promise<void> {
    const target = elapsedMs + ms;
    await settle();
    for (let next = sleepers[0]; next && next.dueAt <= target; next = sleepers[0]) {
      sleepers.shift();
      elapsedMs = Math.max(elapsedMs, next.dueAt);
      next.wake();
      await settle();
    }
    elapsedMs = target;
  }

  return {
    now: () => wallOffsetMs + elapsedMs,
    monotonic: () => elapsedMs,
    sleep,
    advance,
    jumpWall(ms) {
      wallOffsetMs += ms;
    },
    get sleeping() {
      return sleepers.length;
    },
  };
}

// setImmediate runs after every promise callback that is ready: woken code has had its turn.
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
