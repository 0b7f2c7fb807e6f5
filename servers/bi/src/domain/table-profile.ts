import type { Cell } from "./cell-values.ts";

/** What is known about one column, measured when the table was imported. */
export interface ColumnProfile {
  name: string;
  type: string;
  /** Share of NULLs, 0 to 1. */
  nullShare: number;
  /** Approximate number of different values. */
  distinctCount: number;
  min: Cell;
  max: Cell;
  /** Frequent values, most frequent first; empty where they would show personal or secret data. */
  samples: Cell[];
}

/** One decision the import took by looking at the data. */
export interface ImportGuess {
  what: "format" | "encoding" | "delimiter" | "quote" | "header" | "skipped_lines" | "type" | "nulls";
  column?: string;
  guess: string;
}

/** A line that did not fit and was left out. */
export interface RejectedLine {
  line: number;
  reason: string;
}

export interface TableProfile {
  rows: number;
  columns: ColumnProfile[];
  guesses: ImportGuess[];
  rejectedRows: number;
  /** The first few of them. */
  rejectedExamples: RejectedLine[];
  comment: string;
}
