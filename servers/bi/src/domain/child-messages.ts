import type { ErrorKind } from "@sophia/core/errors/app-error";

/** How far a long call in a child process has come. */
export interface ChildProgress {
  done: number;
  total?: number;
  message?: string;
}

/** An error on its way out of a child process. `detail` is the engine's own text: for the log, never for the caller. */
export interface ChildError {
  kind: ErrorKind;
  message: string;
  hint?: string;
  detail?: string;
}

export type ToChild = { type: "call"; id: number; kind: string; input: unknown } | { type: "interrupt"; id: number };

export type FromChild =
  | { type: "ready" }
  | { type: "result"; id: number; value: unknown }
  | { type: "error"; id: number; error: ChildError }
  | { type: "progress"; id: number; progress: ChildProgress }
  | { type: "memory_exceeded"; rssBytes: number };
