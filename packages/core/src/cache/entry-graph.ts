/** Approximate neighbours in logarithmic time; a server brings a library for it, core has none. */
export interface EntryGraph {
  readonly size: number;
  add(row: number, vector: Float32Array): void;
  /** Best first, scored by inner product. */
  search(query: Float32Array, count: number): { row: number; score: number }[];
}

export type GraphFactory = (dimension: number) => EntryGraph;
