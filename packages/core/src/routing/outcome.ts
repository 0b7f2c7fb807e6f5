/** How well one model answered one request. */
export interface FamilyScore {
  /** See Candidate.family. */
  family: string;
  /** 0 to 1. */
  score: number;
  /** How far it is believed, above 0 to 1: a judged answer 1, a hint less. */
  trust: number;
}

/** A past request and what is known of the answers to it. The text itself is not kept. */
export interface PastRequest {
  id: string;
  /** Wall clock, milliseconds since 1970. */
  at: number;
  category: string;
  /** Of unit length; absent when nothing was embedded: it then counts for the means alone. */
  vector?: Float32Array | undefined;
  embeddingModelId?: string | undefined;
  scores: readonly FamilyScore[];
}
