import { type ByteVector, createByteMatrix, fromByteVector } from "./byte-matrix.ts";
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
  readonly method: "exact" | "usearch";
  get(id: string): ShelfEntry | undefined;
  add(entry: Omit<ShelfEntry, "slots">, vector: ByteVector): void;
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
/** The graph knows no filter: removed entries take places in its answer. */
const graphSurplus = 3;

export function createEntryShelf(options: {
  dimension: number;
  createGraph: GraphFactory | undefined;
  exactLimit?: number;
}): EntryShelf {
  const limit = options.exactLimit ?? exactLimit;
  const matrix = createByteMatrix(options.dimension);
  const entries: ShelfEntry[] = [];
  const rows = new Map<string, number>();
  let graph: EntryGraph | undefined;
  let building = false;

  function build(): void {
    if (!graph) return;
    for (let count = 0; count < stepSize && graph.size < matrix.size; count += 1) {
      graph.add(graph.size, fromByteVector(matrix.row(graph.size)));
    }
    building = graph.size < matrix.size;
    if (building) setImmediate(build).unref();
  }

  return {
    get size() {
      return entries.length;
    },
    get method() {
      return graph && !building ? "usearch" : "exact";
    },
    get(id) {
      return entries[rows.get(id) ?? -1];
    },
    add(entry, vector) {
      if (rows.has(entry.id)) return;
      let slots: SlotText | undefined;
      rows.set(entry.id, entries.length);
      entries.push({ ...entry, slots: () => (slots ??= readSlots(entry.text)) });
      matrix.add(vector);
      if (!options.createGraph || entries.length <= limit) return;
      graph ??= options.createGraph(options.dimension);
      if (building) return;
      building = true;
      setImmediate(build).unref();
    },
    nearest(query, count, isUsable) {
      const isLeftOut = (row: number): boolean => {
        const entry = entries[row];
        return !entry || entry.removed || !isUsable(entry);
      };
      const found =
        graph && !building
          ? graph.search(query, count * graphSurplus).filter(({ row }) => !isLeftOut(row))
          : matrix.search(query, count, isLeftOut);
      return found.slice(0, count).flatMap(({ row, score }) => {
        const entry = entries[row];
        return entry ? [{ entry, similarity: score }] : [];
      });
    },
  };
}
