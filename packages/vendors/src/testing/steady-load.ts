/** Calls at a fixed rate, whether the ones before have answered or not. */
export interface SteadyLoad {
  /** Ends the calls and waits for those on their way. */
  stop(): Promise<LoadResult>;
  /** Calls that ended from now on count as another part. */
  mark(part: string): void;
}

export interface LoadResult {
  calls: number;
  failures: number;
  /** Messages of failures, each once. */
  reasons: string[];
  parts: Map<string, { calls: number; failures: number; p50Ms: number; p99Ms: number }>;
}

interface Call {
  part: string;
  ms: number;
  ok: boolean;
}

const tickMs = 10;

export function startSteadyLoad(perSecond: number, call: () => Promise<unknown>): SteadyLoad {
  const done: Call[] = [];
  const reasons = new Set<string>();
  const waiting = new Set<Promise<void>>();
  const startedAt = performance.now();
  let part = "before";
  let begun = 0;

  async function callOnce(): Promise<void> {
    const at = performance.now();
    const own = part;
    try {
      await call();
      done.push({ part: own, ms: performance.now() - at, ok: true });
    } catch (error) {
      reasons.add(error instanceof Error ? error.message : String(error));
      done.push({ part: own, ms: performance.now() - at, ok: false });
    }
  }

  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) * perSecond) / 1_000;
    for (; begun < due; begun += 1) {
      const running = callOnce().finally(() => waiting.delete(running));
      waiting.add(running);
    }
  }, tickMs);

  return {
    mark(name) {
      part = name;
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(waiting);
      const names = [...new Set(done.map((each) => each.part))];
      return {
        ...summarise(done),
        reasons: [...reasons],
        parts: new Map(names.map((name) => [name, summarise(done.filter((each) => each.part === name))])),
      };
    },
  };
}

function summarise(calls: readonly Call[]) {
  const sorted = calls.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { calls: calls.length, failures: calls.filter(({ ok }) => !ok).length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
