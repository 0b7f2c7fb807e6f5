import { findSlotDifference, readSlots } from "@sophia/core/cache/guard/slot-guard";
import type { Embedder } from "@sophia/core/embed/embedder";
import type { Reranker } from "@sophia/core/embed/reranker";
import { StoredAnswer } from "./answer.ts";

/** Two answers this near, with no number or name apart, say the same. */
const surelySame = 0.85;
/** Below it they surely do not; between the two nobody can tell without a judge. */
const surelyOther = 0.6;
/** As much as the embedding model reads. */
const comparedCharacters = 600;
/** A cross-encoder's score from which two questions count as one. */
const sameQuestion = 0.5;

/** The part of a kept answer in which answers are compared. */
export function readAnswerText(value: string): string {
  try {
    return StoredAnswer.parse(JSON.parse(value)).content;
  } catch {
    return value;
  }
}

/** Whether a fresh answer says the same as a kept one, by vectors and slots; `undefined`: cannot be told. */
export function createAnswerCheck(embedder: Pick<Embedder, "embed">) {
  return async (fresh: string, kept: string): Promise<boolean | undefined> => {
    const texts = [fresh, kept].map((value) => readAnswerText(value).slice(0, comparedCharacters));
    const [left = "", right = ""] = texts;
    if (findSlotDifference(readSlots(left), readSlots(right)) !== undefined && texts.some(isShort)) return false;
    const { vectors } = await embedder.embed(texts, { purpose: "document" });
    const [one, other] = vectors;
    const similarity = one && other ? one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0) : 0;
    if (similarity >= surelySame) return true;
    return similarity < surelyOther ? false : undefined;
  };
}

/** One word or figure makes all the difference in an answer of one sentence. */
function isShort(text: string): boolean {
  return text.length < 200;
}

/** The second opinion on a hit, where a cross-encoder is at hand. What cannot be asked is not served. */
export function createHitVerifier(reranker: Reranker) {
  return async (asked: string, earlier: string, signal: AbortSignal | undefined): Promise<boolean> => {
    if (reranker.status().method !== "cross-encoder") return true;
    const { results } = await reranker.rerank(asked, [earlier], signal ? { signal } : {});
    return (results[0]?.score ?? 0) >= sameQuestion;
  };
}
