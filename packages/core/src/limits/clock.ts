/** Time as an argument, so that limits, leases and retries are tested on a virtual clock. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump: never use it for a duration. */
  now(): number;
  /** Monotonic milliseconds. Durations, leases and deadlines use this one. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

// A longer timer overflows in Node and fires at once.
const longestTimerMs = 2 ** 31 - 1;

/** Everybody who rejects with a signal's reason does it through here: a reason may be anything, an Error is thrown. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException("The call was cancelled.", "AbortError");
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    let leftMs = ms;
    for (; leftMs > longestTimerMs; leftMs -= longestTimerMs) await sleepOnce(longestTimerMs, signal);
    await sleepOnce(Math.max(0, leftMs), signal);
  },
};

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortReason(signal));
      return;
    }
    const timer = setTimeout(finish, ms);
    signal?.addEventListener("abort", cancel, { once: true });
    function finish(): void {
      signal?.removeEventListener("abort", cancel);
      resolve();
    }
    function cancel(): void {
      clearTimeout(timer);
      if (signal) reject(abortReason(signal));
    }
  });
}
