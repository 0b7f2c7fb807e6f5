import { findSlotDifference, type Slot, type SlotText } from "./guard/slot-guard.ts";

/** An earlier question near the one that is asked. */
export interface Neighbour {
  /** Inner product of the two vectors. */
  similarity: number;
  /** Equal for entries whose answers say the same. */
  answerGroup: string;
  /** May be served: not too weak for the model that was asked for. */
  servable: boolean;
  slots(): SlotText;
}

export type Match<N extends Neighbour> =
  | { kind: "match"; neighbour: N; score: number }
  /** All that is near and says the most likely answer differs in a slot, or is too weak. */
  | { kind: "differs"; slot: Slot | undefined; neighbour: N; score: number };

/** How many neighbours have a say. More change nothing measurable. */
export const neighbourCount = 10;
/** A neighbour this much less similar weighs e times less. */
const reach = 0.1;
/** What doubt about the answer costs, in similarity. */
const doubt = 0.3;
/** What it costs that the entry to serve is not the nearest of its answer. */
const distance = 0.5;
/** Ten neighbours that agree are worth this much more than one, ten of which none agrees so much less. */
const highest = 1 + reach * Math.log(neighbourCount);
const lowest = -0.5;
/** Entries that differ from the question and from each other in a slot, and have one answer all the same. */
const witnesses = 3;
const witnessShare = 0.8;
/** Between two values there is no third: these slots are never shown not to matter. */
const decisive = new Set<Slot>(["negation", "opposite", "order"]);

/**
 * Which neighbour's answer to give, and how sure it is, 0 to 1: similarity, more where several neighbours have that
 * answer, less where near ones have another. A slot that differs rules a neighbour out, unless three that differ in it
 * have shown that the answer does not depend on it.
 */
export function findMatch<N extends Neighbour>(
  asked: SlotText,
  neighbours: readonly N[],
  compare: (left: SlotText, right: SlotText) => Slot | undefined = findSlotDifference,
): Match<N> | undefined {
  const [first] = neighbours;
  if (!first) return undefined;
  const weights = new Map<string, number>();
  let total = 0;
  for (const { answerGroup, similarity } of neighbours) {
    const weight = Math.exp((similarity - first.similarity) / reach);
    total += weight;
    weights.set(answerGroup, (weights.get(answerGroup) ?? 0) + weight);
  }
  const [answer, weight] = [...weights].reduce((best, other) => (other[1] > best[1] ? other : best));
  const share = weight / total;
  const group = neighbours.filter((neighbour) => neighbour.answerGroup === answer);
  const [nearest = first] = group;
  const evidence = first.similarity + reach * Math.log(weight) + doubt * Math.log(share);
  const scoreOf = (neighbour: N) => toScore(evidence - distance * (nearest.similarity - neighbour.similarity));

  const differences = new Map<N, Slot | undefined>();
  for (const neighbour of group) {
    const slot = compare(asked, neighbour.slots());
    if (slot === undefined && neighbour.servable) return { kind: "match", neighbour, score: scoreOf(neighbour) };
    differences.set(neighbour, slot);
  }
  const servable = group.find((neighbour) => neighbour.servable);
  if (servable && share >= witnessShare && doesNotDepend(differences, compare)) {
    return { kind: "match", neighbour: servable, score: scoreOf(servable) };
  }
  return { kind: "differs", slot: differences.get(servable ?? nearest), neighbour: nearest, score: scoreOf(nearest) };
}

function toScore(evidence: number): number {
  return Math.min(1, Math.max(0, (evidence - lowest) / (highest - lowest)));
}

function doesNotDepend(
  differences: ReadonlyMap<Neighbour, Slot | undefined>,
  compare: (left: SlotText, right: SlotText) => Slot | undefined,
): boolean {
  const picked: SlotText[] = [];
  for (const [neighbour, slot] of differences) {
    if (slot === undefined || decisive.has(slot)) continue;
    const slots = neighbour.slots();
    if (picked.every((other) => compare(other, slots) !== undefined)) picked.push(slots);
    if (picked.length >= witnesses) return true;
  }
  return false;
}
