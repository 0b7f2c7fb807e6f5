import { createRandom } from "@sophia/core/statistics/seeded-random";
import type { CallRecord } from "../../domain/call-record.ts";

export function sampleCall(changes: Partial<CallRecord> = {}): CallRecord {
  return {
    requestId: "r1",
    startedAt: Date.UTC(2026, 9, 5, 9, 30),
    caller: "tok_a",
    operation: "chat",
    origin: "gateway",
    stream: false,
    requestedModel: "auto",
    model: "small",
    service: "openrouter",
    mode: "live",
    category: "c1",
    cache: "miss",
    route: "quality",
    propensity: 1,
    inputTokens: 1_000,
    outputTokens: 100,
    cachedInputTokens: 0,
    tokensEstimated: false,
    costUsd: 0.001,
    priceKnown: true,
    priceAsOf: "2026-10-01",
    baselineUsd: 0.004,
    totalMs: 800,
    overheadMs: 1,
    outcome: "ok",
    attempts: [],
    ...changes,
  };
}

/** Calls of every kind, spread over `days` days from `from` on, the same for the same seed. */
export function sampleCalls(count: number, options: { from: number; days: number; seed: number }): CallRecord[] {
  const random = createRandom(options.seed);
  const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)] as Value;
  return Array.from({ length: count }, (_value, index) => {
    const cache = pick(["miss", "miss", "miss", "hit", "semantic", "shared", "bypass"] as const);
    const outcome = random() < 0.03 ? "error" : "ok";
    const isFree = cache === "hit" || cache === "semantic" || cache === "shared" || outcome === "error";
    return sampleCall({
      requestId: `r${index}`,
      startedAt: options.from + Math.floor(random() * options.days * 86_400_000),
      caller: pick(["tok_a", "tok_b", "tok_c"]),
      model: pick(["small", "large"]),
      service: pick(["openrouter", "together"]),
      category: pick(["c1", "c2"]),
      operation: pick(["chat", "chat", "embeddings"] as const),
      inputTokens: Math.floor(random() * 5_000),
      outputTokens: Math.floor(random() * 800),
      cachedInputTokens: Math.floor(random() * 100),
      tokensEstimated: random() < 0.1,
      costUsd: isFree ? 0 : random() * 0.02,
      priceKnown: random() > 0.02,
      baselineUsd: 0.004 + random() * 0.03,
      totalMs: 20 + random() * 4_000,
      cache,
      outcome,
    });
  });
}
