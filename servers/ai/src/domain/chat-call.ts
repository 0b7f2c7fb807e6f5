import type { Caller } from "@sophia/core/approval/caller";
import type { RoutePolicy } from "@sophia/core/routing/route";
import type { Usage } from "@sophia/vendors/openai-shape/usage";
import type { CallRecord } from "./call-record.ts";
import type { ChatRequest } from "./chat-request.ts";
import type { PieceReader } from "./shared-stream.ts";

/** One chat request and what its sender wishes of us. */
export interface ChatCall {
  request: ChatRequest;
  /** The request's own bytes, sent on as they are where nothing must be changed. */
  encoded?: Buffer;
  caller: Caller;
  requestId: string;
  signal: AbortSignal;
  /** `exact`: only an equal request's answer; `bypass`: neither read from the cache nor write to it. */
  cache: "use" | "exact" | "bypass";
  /** Default `gateway`. */
  origin?: CallRecord["origin"];
  /** 0 to 1: the least score an answer may be expected to have. */
  qualityFloor?: number;
  /** What kind of request it is, for cache and route. Default: by system prompt and template. */
  category?: string;
  /** Documents, tables, commits the answer rests on: when one changes, the answer is not given again. */
  tags?: readonly string[];
  /** So old an answer of the provider's own cache will do, ms. Absent: it is to answer anew. */
  providerCacheMs?: number;
  /** On the monotonic clock. Default: now. */
  startedAt?: number;
}

/** `shared`: another caller's equal request was on its way, and both got its answer. */
export type CacheState = CallRecord["cache"];

/** A served answer of the semantic cache. */
export interface SemanticHit {
  entryId: string;
  similarity: number;
  ageMs: number;
  otherClass: boolean;
}

export interface AnswerFacts {
  service: string;
  mode: "live" | "local" | "simulated";
  model: string;
  cache: CacheState;
  route: RoutePolicy | "cache";
  /** Our own share of the time so far, ms. */
  overheadMs: number;
  semantic?: SemanticHit;
  /** Model whose vector the call was looked up or routed by; `none` where there was none in time or within the budget. */
  embedding?: string;
  /** What the provider said of its own cache, where it was to be asked. */
  providerCache?: "hit" | "miss" | "off";
}

/** What a call cost. `priceKnown` is false when no price list has the model: the cost then counts as 0. */
export interface Cost {
  costUsd: number;
  priceKnown: boolean;
}

export interface WholeAnswer extends AnswerFacts, Cost {
  /** The completion in the provider's own words and members. */
  completion: Record<string, unknown>;
  /** The same as it came, where it came from a provider. */
  bytes: Buffer | undefined;
  usage: Usage;
}

export interface StreamAnswer extends AnswerFacts {
  /** Hands the events over as bytes; `undefined` when the stream was given up in the meantime. */
  join(reader: PieceReader): StreamPlace | undefined;
  /** Known once the stream has ended, and only to the caller it is charged to. */
  cost(): Cost | undefined;
}

/** A reader's place in a stream. */
export interface StreamPlace {
  /** After `write` said false: there is room again. */
  resume(): void;
  leave(): void;
}
