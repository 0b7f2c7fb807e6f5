import type { PiiKind, PiiSpan } from "../pii-span.ts";
import type { PiiSentence } from "./make-pii-sentences.ts";

export interface PiiScore {
  precision: number;
  recall: number;
  f1: number;
  labelled: number;
}

const kinds: readonly PiiKind[] = ["email", "iban", "card", "ssn", "ip", "phone"];

/** A find is right when kind, start and end are. */
export function scorePii(
  sentences: readonly PiiSentence[],
  found: readonly (readonly PiiSpan[])[],
): Record<PiiKind, PiiScore> {
  const scores = kinds.map((kind) => [kind, scoreKind(kind, sentences, found)] as const);
  return Object.fromEntries(scores) as Record<PiiKind, PiiScore>;
}

function scoreKind(kind: PiiKind, sentences: readonly PiiSentence[], found: readonly (readonly PiiSpan[])[]): PiiScore {
  let right = 0;
  let labelled = 0;
  let named = 0;
  for (const [index, { spans }] of sentences.entries()) {
    const wanted = spans.filter((span) => span.kind === kind);
    const got = (found[index] ?? []).filter((span) => span.kind === kind);
    labelled += wanted.length;
    named += got.length;
    right += got.filter((span) => wanted.some((other) => other.start === span.start && other.end === span.end)).length;
  }
  const precision = named === 0 ? 0 : right / named;
  const recall = labelled === 0 ? 0 : right / labelled;
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall), labelled };
}
