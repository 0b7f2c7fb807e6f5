import type { EscRange } from "./range.ts";
import type { Schema } from "./schema/schema.ts";
import type { EscValue } from "./value.ts";
import type { WireExpression } from "./wire-expression.ts";

/** What is wrong with a definition, and where. Never carries the value of a secret. */
export interface EscDiagnostic {
  severity: "error" | "warning";
  summary: string;
  detail?: string;
  /** Property path in the document, e.g. `values.database.password`. */
  path?: string;
  range?: EscRange;
}

/** The state that a rotator returned; {@link applyPatches} writes it back. */
export interface RotationPatch {
  /** Path in the document, e.g. `values.key["fn::rotate::postgres"].state`. */
  documentPath: string;
  replacement: EscValue;
}

export interface EscEnvironment {
  /** The definition's own expressions, for editors and audits. Computed when first read. */
  readonly exprs: ReadonlyMap<string, WireExpression>;
  readonly properties: ReadonlyMap<string, EscValue>;
  readonly schema: Schema;
  readonly executionContext: { properties: ReadonlyMap<string, EscValue>; schema: Schema };
}

export interface Rotation {
  documentPath: string;
  status: "succeeded" | "failed" | "not-evaluated";
  patch?: RotationPatch;
}

export interface Evaluation {
  /** Missing when there is nothing to evaluate: an empty definition, or one that cannot be read. */
  environment?: EscEnvironment;
  /** Of reading and of evaluating, in the order they were found. */
  diagnostics: EscDiagnostic[];
  /** One for each rotator that mode "rotate" came by. */
  rotations: Rotation[];
  patches: RotationPatch[];
}
