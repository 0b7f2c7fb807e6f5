/** Approximate neighbours in logarithmic time; a server brings a library for it, core has none. */
export interface EntryGraph {
  readonly size: number;
  add(row: number, vector: Float32Array): void;
  /** Rows near the query, best first as far as the graph can tell: whoever asks compares them with the query itself. */
  search(query: Float32Array, count: number): number[];
}

export type GraphFactory = (dimension: number) => EntryGraph;
