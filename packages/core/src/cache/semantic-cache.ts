import type { EmbedAccount } from "../embed/embedder.ts";
import type { ReembedPort } from "../embed/reembed.ts";
import type { FindPartition } from "./move-entries.ts";

/** A question as the semantic cache sees it. */
export interface SemanticQuestion {
  /**
   * Everything that must be equal for one question's answer to serve another: tenant, caller, system prompt, tools,
   * earlier turns, model class, embedding model. No look-up leaves its partition.
   */
  partition: string;
  /** Questions of one kind: threshold, error budget and time to live are learned and set for each. */
  category: string;
  /** The variable part of the last user turn. */
  text: string;
  /** Of unit length. */
  vector: Float32Array;
  /** Who made the vector. Vectors of two models are never compared. */
  modelId: string;
}

export interface LookupOptions {
  /** Class of the model that was asked for; larger is stronger. */
  strength: number;
  /** Take the answer of a weaker model too. Default false. */
  allowWeaker?: boolean;
  /** A stricter budget for this request alone; a looser one than the category's is ignored. */
  errorBudget?: number;
  signal?: AbortSignal;
  /** Whose question it is, for a second model that is not on this machine. */
  account?: EmbedAccount;
}

/** The best match of a miss; the fresh answer, compared with the entry's, is a check that costs nothing. */
export interface NearestEntry {
  entryId: string;
  /** What the cache thinks of the match, 0 to 1. */
  score: number;
}

export type MissReason =
  /** Nothing in the partition that may be compared. */
  | "empty"
  /** The nearest entry is not near enough. */
  | "below_threshold"
  /** Near, but it differs in a number, name, date, unit, negation or opposite. */
  | "guard"
  /** Near, but its time is over or one of its tags has moved on. */
  | "stale"
  /** Near, but written by a weaker model than the one asked for. */
  | "weaker"
  /** The category has too few checks to promise its budget. */
  | "not_calibrated"
  /** The optional second model said that the questions differ. */
  | "refused";

export type SemanticLookup =
  | {
      kind: "hit";
      entryId: string;
      value: string;
      score: number;
      ageMs: number;
      /** Class of the model that wrote it. */
      strength: number;
      /** Ask the model all the same, after answering, and tell `learn`: a small share of hits is checked. */
      check: boolean;
    }
  | { kind: "miss"; reason: MissReason; nearest?: NearestEntry };

export interface NewAnswer {
  value: string;
  /** Class of the model that wrote it. */
  strength: number;
  /** What the answer rests on (`document:7@3`, `prompt:billing`); {@link SemanticCache.invalidate} names one of them. */
  tags?: readonly string[];
  /** Shorter than the category's. */
  ttlMs?: number;
}

export interface CategorySettings {
  /** Wrong answers served, as a share of all requests that looked here. Default 0.01. */
  errorBudget?: number;
  /** Default 24 hours; 0: nothing of this category is kept. */
  ttlMs?: number;
}

/** What has been seen of one category since it began; requests and hits count in full, checks fade. */
export interface CategoryStats {
  category: string;
  requests: number;
  hits: number;
  checks: number;
  wrongChecks: number;
  /** Score from which an answer is served now; `undefined`: none is. */
  threshold: number | undefined;
  /** Share of all requests served a wrong answer: estimate and its upper 95 % bound. */
  estimatedErrorRate: number;
  errorRateBound: number;
  errorBudget: number;
  ttlMs: number;
  entries: number;
}

export interface SemanticEntry {
  entryId: string;
  partition: string;
  category: string;
  text: string;
  value: string;
  strength: number;
  tags: readonly string[];
  createdAt: number;
  expiresAt: number;
  checks: number;
  wrongChecks: number;
}

/**
 * Answers a question that means the same as an earlier one. Two questions match when no slot differs, and the score is
 * above a threshold that is learned for each category so that the wrong answers stay within the error budget.
 */
export interface SemanticCache {
  /** Throws only on abort: a cache that cannot be read is a miss. */
  lookup(question: SemanticQuestion, options: LookupOptions): Promise<SemanticLookup>;
  /**
   * Keeps a fresh answer and learns from it: compared with what the look-up found, it says whether serving that would
   * have been right. For misses and for hits that were to be checked. Resolves with the entry's id when it was kept.
   */
  learn(question: SemanticQuestion, found: SemanticLookup, answer: NewAnswer): Promise<string | undefined>;
  /** What a person thought of a served answer. A bad one is evicted and teaches. False: no such entry. */
  judge(entryId: string, verdict: { score: number; correct: boolean }): Promise<boolean>;
  /** Entries with this tag are out of reach at once in this process, within a second in others. */
  invalidate(tag: string): Promise<void>;
  configure(category: string, settings: CategorySettings): Promise<void>;
  stats(): Promise<CategoryStats[]>;
  /** Whose memory the vectors are searched in: this process's, or that of PostgreSQL with pgvector. */
  searchedIn(): Promise<"memory" | "pgvector">;
  find(entryId: string): Promise<SemanticEntry | undefined>;
  evict(entryId: string): Promise<boolean>;
  /** Everything, or one category or partition; what was learned stays. Resolves with the number of entries. */
  clear(scope?: { category?: string; partition?: string }): Promise<number>;
  /** Entries whose vectors are of another embedding model, for `startReembedding`. */
  outdated(findPartition: FindPartition): ReembedPort;
  /** Frees what has expired or was invalidated, and makes room. Runs by itself. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}
