/** Requests in a fixed window, and the headers that tell of it. https://docs.together.ai/docs/rate-limits */
export interface RateWindow {
  /** Counts one request. */
  enter(): { isAllowed: boolean; headers: Record<string, string> };
}

export function createRateWindow(options: { requests: number; windowMs: number }): RateWindow {
  const { requests, windowMs } = options;
  let startedAt = -Infinity;
  let used = 0;
  return {
    enter() {
      const now = performance.now();
      if (now - startedAt >= windowMs) {
        startedAt = now;
        used = 0;
      }
      used += 1;
      const resetSeconds = String(Math.max(1, Math.ceil((startedAt + windowMs - now) / 1_000)));
      return {
        isAllowed: used <= requests,
        headers: {
          "x-ratelimit-limit": String(requests),
          "x-ratelimit-remaining": String(Math.max(0, requests - used)),
          "x-ratelimit-reset": resetSeconds,
        },
      };
    },
  };
}
