import type { Candidate, DataPolicy } from "./candidate.ts";

/** What a request cannot do without. */
export interface RouteNeeds {
  tools: boolean;
  json: boolean;
  vision: boolean;
  region?: string | undefined;
  dataPolicy?: DataPolicy | undefined;
  /** Models or families the key may use; `*` at the end stands for any rest. Absent: all. */
  allowedModels?: readonly string[] | undefined;
}

export interface RouteRequest {
  caller: string;
  /** Requests of one kind, e.g. the hash of system prompt and template. */
  category: string;
  /** Of unit length, of the text the user varies. Without it only category and model means are used. */
  vector?: Float32Array | undefined;
  /** Which embedding model made the vector: outcomes of another one are never compared with it. */
  embeddingModelId?: string | undefined;
  expected: { inputTokens: number; outputTokens: number };
  needs: RouteNeeds;
  /** 0 to 1: the least score an answer may be expected to have. Absent: the router's own, relative to the best model. */
  qualityFloor?: number | undefined;
  /** Most this one call may cost, USD. */
  maxCostUsd?: number | undefined;
  /** A model the caller named: it is obeyed. Absent or `auto`: the router chooses. */
  model?: string | undefined;
  /** Hash of system prompt and first turns: calls of one conversation share the provider's prompt cache. */
  conversationKey?: string | undefined;
  /** Wall clock, milliseconds since 1970. */
  now: number;
}

/**
 * Why the first target is the first: `named` by the caller; `default` too few outcomes to judge; `quality` the cheapest
 * that is good enough; `exploration` drawn to learn; `sticky` the provider's prompt cache makes it the cheapest.
 */
export type RoutePolicy = "named" | "default" | "quality" | "exploration" | "sticky";

export type Verdict = "chosen" | "fallback" | "excluded";

/** What the router thinks an answer of this model would score, 0 to 1. */
export interface QualityEstimate {
  mean: number;
  /** The mean less what we are unsure of. */
  lower: number;
  /** Outcomes near this prompt it rests on. */
  neighbours: number;
}

export interface ConsideredCandidate {
  candidate: Candidate;
  estimate?: QualityEstimate | undefined;
  expectedCostUsd: number;
  /** Of that, saved because the provider has the conversation's beginning in its prompt cache. */
  cacheSavingUsd: number;
  state: "closed" | "resting" | "open" | "returning";
  verdict: Verdict;
  /** In words, for people. */
  reason: string;
}

/** A past outcome near the prompt. */
export interface RouteNeighbour {
  id: string;
  /** Inner product of unit vectors. */
  similarity: number;
  family: string;
  /** 0 to 1. */
  score: number;
}

export interface RouteDecision {
  /** First choice, then fallbacks. Empty when no candidate passes; `considered` says why. */
  targets: Candidate[];
  policy: RoutePolicy;
  /** Probability with which this policy takes the first target for this request: what offline evaluation divides by. */
  propensity: number;
  /** The score the first target's lower estimate had to reach. */
  floor: number;
  considered: ConsideredCandidate[];
  /** The nearest first, at most ten. */
  neighbours: RouteNeighbour[];
  decidedInMs: number;
}
