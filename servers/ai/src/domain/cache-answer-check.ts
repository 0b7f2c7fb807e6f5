import { findSlotDifference, readSlots } from "@sophia/core/cache/guard/slot-guard";
import type { Embedder } from "@sophia/core/embed/embedder";
import { StoredAnswer } from "./answer.ts";

/** Two answers this near, with no number or name apart, say the same. */
const surelySame = 0.85;
/** Below it they surely do not; between the two nobody can tell without a judge. */
const surelyOther = 0.6;
/** As much as the embedding model reads. */
const comparedCharacters = 600;

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
