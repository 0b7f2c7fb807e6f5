import type { OperandName } from "../parse/expression.ts";
import type { Schema } from "../schema/schema.ts";
import type { CallNode, ExpressionNode, ValueNode } from "./nodes.ts";
import type { Scope } from "./scope.ts";

/** A call to a builtin, with what all builtins need. */
export interface BuiltinCall {
  scope: Scope;
  node: ExpressionNode;
  form: CallNode;
  operand: (name: OperandName) => ExpressionNode;
  evaluate: (name: OperandName) => Promise<ValueNode>;
  /** Evaluates an operand and reports where it is not what the schema says. */
  evaluateAs: (
    name: OperandName,
    accept: Schema,
    options?: { hidesSchema?: boolean },
  ) => Promise<{ value: ValueNode; isValid: boolean }>;
  /** Reports an error at the call. */
  fail: (summary: string) => void;
  /** Counts text that the call makes. */
  spend: (length: number) => void;
}
