import type { DataPolicy } from "@sophia/core/routing/candidate";
import type { Usage } from "./usage.ts";

/** What is demanded of a call beyond its request. Each provider words it in its own way, or cannot promise it. */
export interface CallWishes {
  /** Where the text may go. Left out: `any`. */
  dataPolicy?: DataPolicy | undefined;
  /** 0 to 1: below this quality an answer is not wanted, e.g. from a coarsely quantised copy of the model. */
  qualityFloor?: number | undefined;
  /** Most that may be charged, USD per million tokens. */
  maxPrice?: { inputUsdPerMillion?: number | undefined; outputUsdPerMillion?: number | undefined } | undefined;
  /** What decides between places that serve the same model. Left out: the provider's own way. */
  prefer?: "price" | "throughput" | "latency" | undefined;
  /** Calls of one conversation share the provider's prompt cache. */
  conversationKey?: string | undefined;
  /** Ours, to find the call again in the provider's logs. */
  requestId?: string | undefined;
  /** Whether the provider may answer from a cache of whole answers. Left out: it must not. */
  responseCache?: { ttlMs: number } | undefined;
}

/** What a provider tells about an answer beside the answer, as far as it does. */
export interface AnswerFacts {
  /** Its own id of the call, for {@link CallWishes.requestId}'s counterpart in its logs. */
  generationId?: string | undefined;
  /** Who served a model that several places serve. */
  upstreamProvider?: string | undefined;
  /** State of the provider's cache of whole answers. */
  responseCache?: "hit" | "miss" | "off" | undefined;
  /** Attempts the provider made beyond its first. */
  retries?: number | undefined;
}

/** Beside body and signal of a call. */
export interface CallOptions {
  wishes?: CallWishes | undefined;
  /** Most that this call may take, below the client's own limit. */
  timeoutMs?: number | undefined;
  /** Told once, when the head of a sound answer has come. */
  onFacts?(facts: AnswerFacts): void;
  /** Of vectors and ranks: told what an answer says it used before it is read. It is billed, even if it cannot be used. */
  onUsage?(usage: Usage): void;
}
