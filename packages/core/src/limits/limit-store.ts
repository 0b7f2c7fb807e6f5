import { createAimd, type Aimd, type LoadSignal } from "./aimd.ts";
import type { Clock } from "./clock.ts";
import { createGate } from "./gate.ts";
import { createGcra } from "./gcra.ts";
import type { ConcurrencyRule, RateRule } from "./rules.ts";

/** `gated`: ask again after `waitMs`, nothing is taken. `go`: the place is taken, send after `waitMs`. */
export type RateAnswer = { kind: "go" | "gated" | "refused"; waitMs: number };

export interface RateQuestion {
  /** Paused as a whole after a "later" of the vendor. */
  gate: string;
  /** Within the gate. */
  bucket: string;
  rule: RateRule;
  weight: number;
  maxWaitMs: number;
}

/** Where limits are counted: in this process, or in Redis for all processes. One contract suite runs on both. */
export interface LimitStore {
  takeRate(question: RateQuestion): Promise<RateAnswer>;
  gateMs(gate: string): Promise<number>;
  /** The same at once, where the answer is in this process. */
  gateMsNow?(gate: string): number;
  closeGate(gate: string, forMs: number): Promise<void>;
  /** A lease when there is room. It frees itself after `leaseMs`, so that a killed process blocks nobody for long. */
  tryEnter(bucket: string, rule: ConcurrencyRule, leaseMs: number): Promise<string | undefined>;
  leave(bucket: string, rule: ConcurrencyRule, lease: string, load: LoadSignal, reportedLimit?: number): Promise<void>;
  /** Other processes free places without telling: how often to look. 0 when every release passes through this process. */
  readonly pollMs: number;
  close(): Promise<void>;
}

const maxBuckets = 10_000;

export function createMemoryLimitStore(options: { clock: Clock }): LimitStore {
  const { clock } = options;
  const gate = createGate(clock);
  const gcra = createGcra({ clock });
  const buckets = new Map<string, Aimd>();

  function bucketOf(name: string, rule: ConcurrencyRule): Aimd {
    let bucket = buckets.get(name);
    if (!bucket) {
      if (buckets.size >= maxBuckets) {
        for (const [key, { inFlight }] of buckets) if (inFlight === 0) buckets.delete(key);
      }
      bucket = createAimd(rule, clock);
      buckets.set(name, bucket);
    }
    return bucket;
  }

  return {
    pollMs: 0,
    async takeRate({ gate: gateKey, bucket, rule, weight, maxWaitMs }) {
      const gatedMs = gate.waitMs(gateKey);
      if (gatedMs > 0) return { kind: gatedMs > maxWaitMs ? "refused" : "gated", waitMs: gatedMs };
      const { allowed, waitMs } = gcra.take(`${gateKey}:${bucket}`, rule, weight / gate.pace(gateKey), maxWaitMs);
      return { kind: allowed ? "go" : "refused", waitMs };
    },
    async gateMs(gateKey) {
      return gate.waitMs(gateKey);
    },
    gateMsNow: (gateKey) => gate.waitMs(gateKey),
    async closeGate(gateKey, forMs) {
      gate.close(gateKey, forMs);
    },
    async tryEnter(name, rule) {
      return bucketOf(name, rule).tryEnter() ? "local" : undefined;
    },
    async leave(name, rule, _lease, load, reportedLimit) {
      bucketOf(name, rule).leave(load, reportedLimit);
    },
    async close() {
      buckets.clear();
    },
  };
}
