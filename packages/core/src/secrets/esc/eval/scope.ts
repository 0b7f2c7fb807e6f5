import type { EscDiagnostic, Rotation } from "../evaluation.ts";
import type { EvaluateLimits } from "../evaluate-limits.ts";
import { errorAt, errorIn } from "../parse/diagnose.ts";
import type { Accessor } from "../parse/expression.ts";
import type { EnvironmentDeclaration } from "../parse/parse-environment.ts";
import type { Schema } from "../schema/schema.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";
import type { Crypter, ProviderContext, Surroundings } from "../surroundings.ts";
import type { ExpressionNode, ValueNode } from "./nodes.ts";

/** What all environments of one evaluation share. */
export interface Run {
  mode: "check" | "open" | "rotate";
  decryptsSecrets: boolean;
  surroundings: Surroundings;
  limits: EvaluateLimits;
  signal: AbortSignal | undefined;
  /** What is left of each limit. */
  nodesLeft: number;
  textBytesLeft: number;
  environmentsLeft: number;
  /** Nested evaluations, for letting the stack run out now and then. */
  nesting: number;
  imports: Map<string, { isEvaluating: boolean; value?: ValueNode; hidesKeys?: boolean }>;
  /** Evaluates an expression once; `accept` says what it is wanted for. Held here because everything calls everything. */
  evaluate: (scope: Scope, node: ExpressionNode, accept: Schema) => Promise<ValueNode>;
  /** The value of an environment, evaluated once; undefined, with a diagnostic, when it cannot be had. */
  importEnvironment: (scope: Scope, syntax: NodeSyntax, name: string) => Promise<ValueNode | undefined>;
  /** What was looked at last, in case evaluation ends in the middle. */
  at: NodeSyntax | undefined;
}

/** One environment while it is evaluated. */
export interface Scope {
  run: Run;
  name: string;
  declaration: EnvironmentDeclaration;
  isRoot: boolean;
  crypter: Crypter;
  context: ProviderContext;
  contextValue: ValueNode | undefined;
  importsValue: ValueNode | undefined;
  root: ExpressionNode | undefined;
  /** What the imports come to. */
  base: ValueNode | undefined;
  /** Something in it shows fewer keys than a copy of it would. */
  hidesKeys: boolean;
  /** Document paths of the rotators to run; all when empty. */
  rotatePaths: ReadonlySet<string>;
  rotations: Rotation[];
  diagnostics: EscDiagnostic[];
}

/** Ends an evaluation that goes beyond a limit. */
export class EvaluationLimitError extends Error {
  readonly diagnostic: EscDiagnostic;

  constructor(syntax: NodeSyntax | undefined, summary: string) {
    super(summary);
    this.diagnostic = errorIn(syntax?.range, summary, syntax?.path ?? "");
  }
}

export function reportError(scope: Scope, syntax: NodeSyntax, summary: string): void {
  scope.diagnostics.push(errorAt(syntax, summary));
}

/** An error at one step of a property access, or at the whole of it where the step's place is not known. */
export function reportAccessError(scope: Scope, at: { syntax: NodeSyntax; accessor: Accessor }, summary: string): void {
  scope.diagnostics.push(errorIn(at.accessor.range ?? at.syntax.range, summary, at.syntax.path));
}

/** Whether the scope runs rotators: only the root environment does, and only when asked to. */
export function isRotating(scope: Scope): boolean {
  return scope.run.mode === "rotate" && scope.isRoot;
}

/** Counts values that are made. Throws EvaluationLimitError beyond the limit. */
export function spendNodes(run: Run, count: number, syntax: NodeSyntax | undefined): void {
  run.nodesLeft -= count;
  if (run.nodesLeft < 0) {
    throw new EvaluationLimitError(
      syntax?.range === undefined ? run.at : syntax,
      `evaluation makes more than ${run.limits.nodes} values`,
    );
  }
}

/** Counts text that is made, in UTF-16 units. Throws EvaluationLimitError beyond the limit. */
export function spendText(run: Run, length: number, syntax: NodeSyntax): void {
  run.textBytesLeft -= length;
  if (run.textBytesLeft < 0) {
    throw new EvaluationLimitError(
      syntax.range === undefined ? run.at : syntax,
      `evaluation makes more than ${run.limits.textBytes} bytes of text`,
    );
  }
}

/** Throws EvaluationLimitError when lists and objects are nested beyond the limit. */
export function checkDepth(run: Run, depth: number, syntax: NodeSyntax): void {
  if (depth > run.limits.depth) {
    throw new EvaluationLimitError(
      syntax.range === undefined ? run.at : syntax,
      `values are nested more than ${run.limits.depth} levels deep`,
    );
  }
}
