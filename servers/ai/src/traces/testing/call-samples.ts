import type { CallContent, CallRecord } from "../../domain/call-record.ts";

/** A call that went well; a test says what matters to it. */
export function sampleCall(more: Partial<CallRecord> = {}): CallRecord {
  return {
    requestId: "r1",
    startedAt: Date.UTC(2026, 0, 5, 9),
    caller: "c1",
    operation: "chat",
    origin: "gateway",
    stream: false,
    requestedModel: "auto",
    model: "small",
    service: "openrouter",
    mode: "live",
    category: "support",
    cache: "miss",
    route: "quality",
    propensity: 1,
    inputTokens: 20,
    outputTokens: 10,
    cachedInputTokens: 4,
    tokensEstimated: false,
    costUsd: 0.0005,
    priceKnown: true,
    priceAsOf: "2026-01-01",
    totalMs: 800,
    firstTokenMs: 200,
    overheadMs: 2,
    outcome: "ok",
    finishReason: "stop",
    attempts: [{ service: "openrouter", model: "small", startedMs: 1, durationMs: 798, outcome: "ok" }],
    ...more,
  };
}

export function sampleContent(more: Partial<CallContent> = {}): CallContent {
  return { messages: [{ role: "user", content: "How do I restart billing?" }], answer: "With systemctl.", ...more };
}
