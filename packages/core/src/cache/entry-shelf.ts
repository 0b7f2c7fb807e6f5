import { type ByteMatrix, type ByteVector, createByteMatrix, fromByteVector } from "./byte-matrix.ts";
import type { EntryGraph, GraphFactory } from "./entry-graph.ts";
import { readSlots, type SlotText } from "./guard/slot-guard.ts";

/** What is kept in memory of an entry: all that a look-up needs but the answer itself. */
export interface ShelfEntry {
  id: string;
  category: string;
  text: string;
  answerGroup: string;
  strength: number;
  tags: readonly (readonly [tag: string, epoch: number])[];
  createdAt: number;
  expiresAt: number;
  removed: boolean;
  checks: number;
  wrongChecks: number;
  slots(): SlotText;
}

/** The entries of one partition and one embedding model. */
export interface EntryShelf {
  readonly size: number;
  readonly dimension: number;
  readonly method: "exact" | "usearch";
  get(id: string): ShelfEntry | undefined;
  add(entry: Omit<ShelfEntry, "slots">, vector: ByteVector): void;
  /** Entries that may be served no more. */
  countDead(now: number): number;
  /** Adds all others to another shelf. */
  copyLiving(now: number, to: EntryShelf): void;
  /** Best first, of those that are usable and not removed. */
  nearest(
    query: Float32Array,
    count: number,
    isUsable: (entry: ShelfEntry) => boolean,
  ): { entry: ShelfEntry; similarity: number }[];
}

/** Up to here a scan is exact and takes some milliseconds; above it usearch is faster. */
export const exactLimit = 10_000;
/** Vectors put into the graph before other work gets its turn; one takes about a millisecond. */
const stepSize = 4;
/** What the graph gives is compared again, vector by vector: it knows its own short vectors only. */
const graphCandidates = 100;
/** The graph knows no filter: where most of its answer may not be served, it is asked for more. */
const mostCandidates = 1_000;

export interface EntryShelfOptions {
  dimension: number;
  createGraph: GraphFactory | undefined;
  exactLimit?: number;
}

export function createEntryShelf(options: EntryShelfOptions): EntryShelf {
  return new MemoryShelf(options);
}

class MemoryShelf implements EntryShelf {
  readonly dimension: number;
  readonly #createGraph: GraphFactory | undefined;
  readonly #limit: number;
  readonly #matrix: ByteMatrix;
  readonly #entries: ShelfEntry[] = [];
  readonly #rows = new Map<string, number>();
  #graph: EntryGraph | undefined;
  #isBuilding = false;

  constructor({ dimension, createGraph, exactLimit: limit = exactLimit }: EntryShelfOptions) {
    this.dimension = dimension;
    this.#createGraph = createGraph;
    this.#limit = limit;
    this.#matrix = createByteMatrix(dimension);
  }

  get size(): number {
    return this.#entries.length;
  }

  get method(): "exact" | "usearch" {
    return this.#graph && !this.#isBuilding ? "usearch" : "exact";
  }

  get(id: string): ShelfEntry | undefined {
    return this.#entries[this.#rows.get(id) ?? -1];
  }

  add(entry: Omit<ShelfEntry, "slots">, vector: ByteVector): void {
    if (this.#rows.has(entry.id)) return;
    let slots: SlotText | undefined;
    this.#rows.set(entry.id, this.#entries.length);
    this.#entries.push({ ...entry, slots: () => (slots ??= readSlots(entry.text)) });
    this.#matrix.add(vector);
    if (!this.#createGraph || this.#entries.length <= this.#limit) return;
    this.#graph ??= this.#createGraph(this.dimension);
    if (this.#isBuilding) return;
    this.#isBuilding = true;
    setImmediate(() => this.#build()).unref();
  }

  #build(): void {
    if (!this.#graph) return;
    for (let count = 0; count < stepSize && this.#graph.size < this.#matrix.size; count += 1) {
      this.#graph.add(this.#graph.size, fromByteVector(this.#matrix.row(this.#graph.size)));
    }
    this.#isBuilding = this.#graph.size < this.#matrix.size;
    if (this.#isBuilding) setImmediate(() => this.#build()).unref();
  }

  countDead(now: number): number {
    return this.#entries.filter((entry) => isDead(entry, now)).length;
  }

  copyLiving(now: number, to: EntryShelf): void {
    for (const [row, entry] of this.#entries.entries()) {
      if (!isDead(entry, now)) to.add(entry, this.#matrix.row(row));
    }
  }

  nearest(
    query: Float32Array,
    count: number,
    isUsable: (entry: ShelfEntry) => boolean,
  ): { entry: ShelfEntry; similarity: number }[] {
    const isLeftOut = (row: number): boolean => {
      const entry = this.#entries[row];
      return !entry || entry.removed || !isUsable(entry);
    };
    const found =
      this.#graph && !this.#isBuilding
        ? this.#matrix.rank(query, count, searchGraph(this.#graph, query, count, isLeftOut))
        : this.#matrix.search(query, count, isLeftOut);
    return found.flatMap(({ row, score }) => {
      const entry = this.#entries[row];
      return entry ? [{ entry, similarity: score }] : [];
    });
  }
}

const isDead = (entry: ShelfEntry, now: number): boolean => entry.removed || entry.expiresAt <= now;

function searchGraph(
  graph: EntryGraph,
  query: Float32Array,
  count: number,
  isLeftOut: (row: number) => boolean,
): number[] {
  for (let wanted = graphCandidates; ; wanted = mostCandidates) {
    const rows = graph.search(query, wanted).filter((row) => !isLeftOut(row));
    if (rows.length >= count || wanted >= Math.min(mostCandidates, graph.size)) return rows;
  }
}
