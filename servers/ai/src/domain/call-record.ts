/**
 * One finished model call, as everybody who looks at calls afterwards sees it: the call log and the ledger, traces,
 * route learning, drift, metrics. Made once per call, after its answer was sent or its failure told.
 */
export interface CallRecord {
  requestId: string;
  /** Wall clock when the request arrived, ms. */
  startedAt: number;
  caller: string;
  operation: "chat" | "embeddings" | "rerank";
  /** `gateway`: an application over HTTP; `tool`: Cursor; `internal`: our own evaluations and shadow checks. */
  origin: "gateway" | "tool" | "internal";
  stream: boolean;
  /** What the request said; `auto` when the router chose. */
  requestedModel: string;
  /** Who answered. Of a failure: the last that was tried, empty when none was. */
  model: string;
  service: string;
  mode: "live" | "local" | "simulated";
  /** Hash of system prompt and template: requests of one kind share it. */
  category: string;
  cache: "hit" | "semantic" | "shared" | "miss" | "bypass";
  /** How the model was chosen. */
  route: "named" | "default" | "quality" | "exploration" | "sticky" | "cache";
  /** Chance with which the router took this model; 1 unless it explored. */
  propensity: number;
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  /** Counted by us, because the provider did not say. */
  tokensEstimated: boolean;
  costUsd: number;
  priceKnown: boolean;
  /** Day of the price, YYYY-MM-DD. */
  priceAsOf: string;
  /** What the same tokens would have cost at the baseline model without cache; undefined where it has no price. */
  baselineUsd?: number;
  totalMs: number;
  firstTokenMs?: number;
  /** Our own share of `totalMs`: everything but waiting for providers. */
  overheadMs: number;
  outcome: "ok" | "partial" | "cancelled" | "error";
  errorKind?: string;
  finishReason?: string;
  /** Of an answer of the semantic cache: which entry, and how similar the question was. Feedback finds it by this. */
  cachedAnswer?: { entryId: string; similarity: number };
  attempts: readonly CallAttempt[];
}

/** One try at one target. */
export interface CallAttempt {
  service: string;
  model: string;
  /** From the request's arrival, ms. */
  startedMs: number;
  durationMs: number;
  /** `ok`, else the class of the failure. */
  outcome: string;
}

/** What was said, for sinks that are allowed to keep it (traces, evaluations, route learning). */
export interface CallContent {
  messages: readonly Record<string, unknown>[];
  /** Text of the answer as far as it came. */
  answer: string;
  /** Vector of the last user turn, when the pipeline had one. */
  vector?: Float32Array;
  embeddingModelId?: string;
  /** The request demanded JSON. */
  wantsJson?: boolean;
}

/** Told of every finished call; must not throw and not wait. */
export type CallSink = (record: CallRecord, content: CallContent) => void;
