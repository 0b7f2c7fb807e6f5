import type { BaseIndex } from "./base-index.ts";
import type { Accessor, CallExpression, LiteralValue, OperandName } from "../parse/expression.ts";
import type { Schema } from "../schema/schema.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";
import type { EscNumber, EscValue } from "../value.ts";

/** A step of a property access with what it led to. */
export interface ResolvedAccessor {
  accessor: Accessor;
  value?: ValueNode;
}

export interface CallNode {
  kind: "call";
  syntax: NodeSyntax;
  expression: CallExpression;
  operands: ReadonlyMap<OperandName, ExpressionNode>;
  /** Of a provider's inputs and a rotator's state, once the provider is known. */
  inputSchema: Schema;
  stateSchema: Schema;
}

export interface ObjectNode {
  kind: "object";
  syntax: NodeSyntax;
  properties: Map<string, ExpressionNode>;
  keys: { value: string; syntax: NodeSyntax }[];
}

export type NodeForm =
  | { kind: "missing"; syntax: NodeSyntax }
  /** `value` is undefined for what an access to something unknown led to. */
  | { kind: "literal"; syntax: NodeSyntax; value?: LiteralValue }
  | { kind: "interpolate"; syntax: NodeSyntax; parts: { text: string; accessors?: ResolvedAccessor[] }[] }
  | { kind: "symbol"; syntax: NodeSyntax; accessors: ResolvedAccessor[] }
  /** A property of something unknown. */
  | { kind: "access"; syntax: NodeSyntax; receiver: ValueNode; key: string }
  | { kind: "array"; syntax: NodeSyntax; elements: ExpressionNode[] }
  | ObjectNode
  | CallNode;

/** An expression with its state in one evaluation. */
export interface ExpressionNode {
  /** For messages about cycles. */
  path: string;
  form: NodeForm;
  /** What an import holds at the same path. */
  base: ValueNode | undefined;
  /** That of its value, once it is evaluated. */
  schema: Schema;
  state: "declared" | "evaluating" | "done";
  secret: boolean;
  value: ValueNode | undefined;
}

export type ValueRepr = null | boolean | string | EscNumber | ValueNode[] | Map<string, ValueNode>;

/**
 * The result of an expression. An object's properties include those of its base, as in a JSON merge patch: read them
 * with `keysOf` and `propertyOf`, never from the map.
 */
export interface ValueNode {
  def: ExpressionNode;
  base: ValueNode | undefined;
  schema: Schema;
  repr: ValueRepr;
  unknown: boolean;
  secret: boolean;
  final: boolean;
  rotateOnly: boolean;
  /** It was part of a secret although it is not marked: whoever reads it alone gets a secret. */
  tainted: boolean;
  /** It is secret only because of something it contains: its other parts are not. */
  secretByContent: boolean;
  /** Levels of lists and objects below it, bases left out. */
  depth: number;
  mergedKeys: string[] | undefined;
  exported: EscValue | undefined;
  /** Its place in the index of the row of bases that it is part of. */
  index: BaseIndex | undefined;
  level: number;
}

export function createExpression(
  path: string,
  form: NodeForm,
  rest: { schema: Schema; base?: ValueNode | undefined },
): ExpressionNode {
  return { path, form, base: rest.base, schema: rest.schema, state: "declared", secret: false, value: undefined };
}

export function createValue(
  def: ExpressionNode,
  schema: Schema,
  rest: Partial<Pick<ValueNode, "repr" | "unknown" | "secret" | "final" | "rotateOnly" | "base" | "depth">> = {},
): ValueNode {
  return {
    def,
    base: undefined,
    schema,
    repr: null,
    unknown: false,
    secret: false,
    final: false,
    rotateOnly: false,
    tainted: false,
    secretByContent: false,
    depth: 0,
    mergedKeys: undefined,
    exported: undefined,
    index: undefined,
    level: 0,
    ...rest,
  };
}
