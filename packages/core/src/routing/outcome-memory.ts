import { FadingMean } from "./fading-mean.ts";
import type { PastRequest } from "./outcome.ts";
import { OutcomeIndex } from "./outcome-index.ts";

export interface OutcomeMemoryOptions {
  /** Requests kept for each embedding model, the newest. Default 20,000: about 40 MB at 1,536 dimensions. */
  capacity?: number;
  /** After this time an outcome counts half. Default 60 days: models are replaced behind their names. */
  halfLifeMs?: number;
}

/** Outcomes of one family near a prompt. */
export interface NearOutcome {
  id: string;
  similarity: number;
  score: number;
  /** Trust, faded by age. */
  weight: number;
}

/** What was once known of a family, before looking at the prompt. */
export interface FamilyMeans {
  /** Over everything, and what it weighs. */
  family: FadingMean | undefined;
  /** Over the category alone. */
  category: FadingMean | undefined;
}

const dayMs = 86_400_000;
/** A category may come from a template that is made anew each time: the oldest go. */
const maxMeans = 5_000;
/** The embedding model of now, the one before it, and what was not embedded. */
const maxPartitions = 3;
const withoutVector = "";

interface Partition {
  index: OutcomeIndex;
  rows: PastRequest[];
  slots: Map<string, number>;
  /** Slots with an outcome of the family; dropped whenever a row is replaced. */
  slotsOf: Map<string, number[]>;
  /** Where the next row goes when all slots are taken. */
  oldest: number;
}

/** Past outcomes in memory, bounded: means by family and category, and the nearest to a prompt. */
export class OutcomeMemory {
  readonly #capacity: number;
  readonly #halfLifeMs: number;
  readonly #partitions = new Map<string, Partition>();
  readonly #familyMeans = new Map<string, FadingMean>();
  readonly #categoryMeans = new Map<string, FadingMean>();

  constructor(options: OutcomeMemoryOptions = {}) {
    this.#capacity = options.capacity ?? 20_000;
    this.#halfLifeMs = options.halfLifeMs ?? 60 * dayMs;
  }

  /** A request of the same id is replaced: a verdict may come twice, or later than the first hint. */
  put(past: PastRequest): void {
    const partition = this.#partitionOf(past);
    const known = partition.slots.get(past.id);
    const slot =
      known ?? (partition.rows.length < this.#capacity ? partition.rows.length : this.#nextOldest(partition));
    const replaced = partition.rows[slot];
    if (replaced) {
      if (known !== undefined) this.#count(replaced, -1);
      partition.slots.delete(replaced.id);
      partition.slotsOf.clear();
    }
    // The vector lives in the index, as bytes.
    partition.rows[slot] = { ...past, vector: undefined };
    partition.slots.set(past.id, slot);
    if (past.vector) partition.index.set(slot, past.vector);
    if (!replaced) for (const { family } of past.scores) partition.slotsOf.get(family)?.push(slot);
    this.#count(past, 1);
  }

  get(id: string): PastRequest | undefined {
    for (const { slots, rows } of this.#partitions.values()) {
      const slot = slots.get(id);
      if (slot !== undefined) return rows[slot];
    }
    return undefined;
  }

  means(family: string, category: string): FamilyMeans {
    return { family: this.#familyMeans.get(family), category: this.#categoryMeans.get(`${family}\n${category}`) };
  }

  /** The nearest `count` of each family, found in one pass over the memory. */
  near(prompt: { vector: Float32Array; embeddingModelId: string; now: number }, count: number) {
    const partition = this.#partitions.get(prompt.embeddingModelId);
    const search =
      partition && partition.index.dimension === prompt.vector.length && partition.index.open(prompt.vector);
    return (family: string): NearOutcome[] => {
      if (!partition || !search) return [];
      return search(listSlots(partition, family), count).flatMap(({ slot, similarity }) => {
        const row = partition.rows[slot];
        const found = row?.scores.find((score) => score.family === family);
        if (!row || !found) return [];
        const weight = found.trust * 0.5 ** (Math.max(0, prompt.now - row.at) / this.#halfLifeMs);
        return [{ id: row.id, similarity, score: found.score, weight }];
      });
    };
  }

  #partitionOf({ embeddingModelId, vector }: PastRequest): Partition {
    const key = (vector && embeddingModelId) ?? withoutVector;
    const found = this.#partitions.get(key);
    // Used last, dropped last.
    if (found) this.#partitions.delete(key);
    const dimension = vector?.length ?? 0;
    const partition = found ?? {
      index: new OutcomeIndex({ dimension, capacity: this.#capacity }),
      rows: [],
      slots: new Map(),
      slotsOf: new Map(),
      oldest: 0,
    };
    this.#partitions.set(key, partition);
    const [first] = this.#partitions.keys();
    if (this.#partitions.size > maxPartitions && first !== undefined) this.#partitions.delete(first);
    return partition;
  }

  #nextOldest(partition: Partition): number {
    const slot = partition.oldest;
    partition.oldest = (slot + 1) % this.#capacity;
    return slot;
  }

  #count({ category, at, scores }: PastRequest, sign: 1 | -1): void {
    for (const { family, score, trust } of scores) {
      this.#mean(this.#familyMeans, family).add(score, sign * trust, at);
      this.#mean(this.#categoryMeans, `${family}\n${category}`).add(score, sign * trust, at);
    }
  }

  #mean(means: Map<string, FadingMean>, key: string): FadingMean {
    const mean = means.get(key) ?? new FadingMean(this.#halfLifeMs);
    means.delete(key);
    means.set(key, mean);
    const [oldest] = means.keys();
    if (means.size > maxMeans && oldest !== undefined) means.delete(oldest);
    return mean;
  }
}

function listSlots(partition: Partition, family: string): readonly number[] {
  const known = partition.slotsOf.get(family);
  if (known) return known;
  const slots = partition.rows.flatMap((row, slot) =>
    row.scores.some((score) => score.family === family) ? [slot] : [],
  );
  partition.slotsOf.set(family, slots);
  return slots;
}
