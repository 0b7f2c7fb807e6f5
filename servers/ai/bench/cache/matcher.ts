import { createByteMatrix, toByteVector } from "@sophia/core/cache/byte-matrix";
import { findSlotDifference, readSlots, type Slot, type SlotText } from "@sophia/core/cache/guard/slot-guard";
import { findMatch, type Neighbour, neighbourCount } from "@sophia/core/cache/match-score";

/** A request of a replay: its text, its vectors, the answer a model would give. */
export interface Requests {
  texts: readonly string[];
  answers: readonly (string | undefined)[];
  vectors: readonly Float32Array[];
}

/** What a policy would serve, and how sure it is. */
export interface Candidate {
  request: number;
  score: number;
}

/** Finds the best cached request for another; `cached` grows while a stream is replayed. */
export type Policy = (request: number, cached: readonly number[]) => Candidate | undefined;

/** The similarity of a request with each other one. */
export type Similarities = (request: number) => Float32Array;

/** Computed once for all policies and thresholds. */
export function compareAll(vectors: readonly Float32Array[]): Similarities {
  const [first] = vectors;
  const count = vectors.length;
  const matrix = createByteMatrix(first?.length ?? 16);
  for (const vector of vectors) matrix.add(toByteVector(vector));
  const all = new Float32Array(count * count);
  for (const [row, vector] of vectors.entries()) all.set(matrix.scores(vector), row * count);
  return (request) => all.subarray(request * count, (request + 1) * count);
}

export function findNearest(
  request: number,
  cached: readonly number[],
  similarities: Similarities,
  count: number,
): Candidate[] {
  const best: Candidate[] = [];
  let worst = -Infinity;
  const row = similarities(request);
  for (const other of cached) {
    const score = row[other] ?? 0;
    if (score <= worst) continue;
    let place = best.length;
    while (place > 0 && (best[place - 1]?.score ?? 0) < score) place -= 1;
    best.splice(place, 0, { request: other, score });
    if (best.length > count) best.pop();
    if (best.length === count) worst = best.at(-1)?.score ?? worst;
  }
  return best;
}

/** The nearest cached request, whatever it is: what a fixed threshold on similarity works with. */
export function nearestPolicy(similarities: Similarities): Policy {
  return (request, cached) => findNearest(request, cached, similarities, 1)[0];
}

/** The product's own matching. A cached request's answer is known to the cache, as the text of the answer would be. */
export function ownPolicy(requests: Requests, similarities: Similarities): Policy {
  const slots: (SlotText | undefined)[] = [];
  const slotsOf = (request: number) => (slots[request] ??= readSlots(requests.texts[request] ?? ""));
  // A replay for each threshold compares the same pairs again and again.
  const known = new Map<SlotText, Map<SlotText, Slot | undefined>>();
  const compare = (left: SlotText, right: SlotText): Slot | undefined => {
    const row = known.get(left) ?? new Map<SlotText, Slot | undefined>();
    known.set(left, row);
    if (!row.has(right)) row.set(right, findSlotDifference(left, right));
    return row.get(right);
  };
  return (request, cached) => {
    const neighbours = findNearest(request, cached, similarities, neighbourCount).map(
      ({ request: other, score }): Neighbour & { request: number } => ({
        request: other,
        similarity: score,
        answerGroup: requests.answers[other] ?? `none ${other}`,
        servable: true,
        slots: () => slotsOf(other),
      }),
    );
    const match = findMatch(slotsOf(request), neighbours, compare);
    return match?.kind === "match" ? { request: match.neighbour.request, score: match.score } : undefined;
  };
}

export function isRight({ answers }: Requests, request: number, served: number): boolean {
  return answers[request] !== undefined && answers[request] === answers[served];
}
