import type { EscRange } from "../range.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";
import type { EscNumber } from "../value.ts";

/** One step of a property access: a key or an index. `isSubscript` tells `["a"]` from `.a`. */
export interface Accessor {
  accessor: string | number;
  isSubscript: boolean;
  range: EscRange | undefined;
}

export interface InterpolationPart {
  /** What stands before the access. */
  text: string;
  access?: Accessor[];
}

export type LiteralValue = null | boolean | string | EscNumber;

export interface LiteralExpression {
  kind: "literal";
  value: LiteralValue;
  syntax: NodeSyntax;
}

export interface ObjectProperty {
  /** Missing when the key is no plain string; such a property is left out. */
  key?: { value: string; syntax: NodeSyntax };
  value: Expression;
}

export interface ObjectExpression {
  kind: "object";
  properties: ObjectProperty[];
  syntax: NodeSyntax;
}

/** Every builtin, by what it does; `fn::open::P` and `fn::open` are both "open". */
export type BuiltinName =
  | "concat"
  | "final"
  | "validate"
  | "fromJSON"
  | "fromBase64"
  | "join"
  | "open"
  | "rotate"
  | "secret"
  | "split"
  | "toBase64"
  | "toJSON"
  | "toString";

export type OperandName =
  | "value"
  | "schema"
  | "delimiter"
  | "provider"
  | "inputs"
  | "state"
  | "plaintext"
  | "ciphertext";

export interface CallExpression {
  kind: "call";
  builtin: BuiltinName;
  /** As written, e.g. `fn::open::aws-secrets`. */
  name: string;
  nameSyntax: NodeSyntax;
  argumentSyntax: NodeSyntax;
  /** What the call works on. One that cannot be made out of the argument is missing, with a diagnostic. */
  operands: ReadonlyMap<OperandName, Expression | undefined>;
  /** Of open and rotate, when it is known. */
  provider?: string;
  syntax: NodeSyntax;
}

export type Expression =
  | LiteralExpression
  | { kind: "interpolate"; parts: InterpolationPart[]; syntax: NodeSyntax }
  | { kind: "symbol"; access: Accessor[]; syntax: NodeSyntax }
  | { kind: "array"; elements: Expression[]; syntax: NodeSyntax }
  | ObjectExpression
  | CallExpression;
