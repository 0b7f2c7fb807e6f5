import type { StoredAnswer } from "./answer.ts";
import type { ChatRequest } from "./chat-request.ts";

export interface SemanticCall {
  request: ChatRequest;
  /** Who may see the answers: the caller's id, or a scope it shares with others. */
  scope: string;
  /** The model or model class that was asked for (`auto`: the class that routing was told to keep). */
  modelClass: string;
  /** Larger is stronger; an answer of a weaker model is not given for a stronger one. */
  strength: number;
  /** `x-sophia-cache-category`. Default: hash of system prompt and template. */
  category?: string;
  /** `x-sophia-cache-tags`: documents, tables, commits the answer rests on. */
  tags?: readonly string[];
  allowWeaker?: boolean;
}

/** Hand it back with the fresh answer: it says where the answer belongs and what was near. */
export interface SemanticTicket {
  readonly category: string;
  readonly vector: Float32Array;
  readonly modelId: string;
}

export type SemanticFound =
  | {
      kind: "hit";
      answer: StoredAnswer;
      entryId: string;
      score: number;
      ageMs: number;
      /** Written by another class of model than was asked for. */
      otherClass: boolean;
      /** Present when this hit is to be checked: ask the model after answering, then `remember`. */
      check: SemanticTicket | undefined;
    }
  /** Without a ticket the request is none for this cache (`reason` says why), and its answer is not to be kept. */
  | { kind: "miss"; reason: string; nearestScore: number | undefined; ticket: SemanticTicket | undefined };

/** What the pipeline calls between the exact look-up and the router. Knows no HTTP. */
export interface SemanticAnswers {
  /** Never throws but on abort: what cannot be read is a miss. */
  find(call: SemanticCall, signal: AbortSignal): Promise<SemanticFound>;
  /** After a miss, or for a hit that is checked. Call it when the answer has been sent; `toStoredAnswer` decides what may be kept. */
  remember(ticket: SemanticTicket, answer: StoredAnswer, writer: { strength: number }): Promise<void>;
  /** What a person thought of a served answer. False: that entry is gone. */
  judge(entryId: string, verdict: { score: number; correct: boolean }): Promise<boolean>;
}
