/** Time as the simulator sees it, so that a run of minutes takes a test no time. */
export interface SimulatorClock {
  /** Wall clock, ms. */
  now(): number;
  /** Rejects when the signal aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const realClock: SimulatorClock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      signal?.addEventListener(
        "abort",
        () => {
          clearTimeout(timer);
          reject(new Error("nobody waits any more"));
        },
        { once: true },
      );
    }),
};
