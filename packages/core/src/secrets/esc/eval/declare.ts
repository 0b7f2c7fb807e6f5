import type { Accessor, CallExpression, Expression, OperandName } from "../parse/expression.ts";
import { joinKey } from "../property-path.ts";
import { arraySchema, booleanSchema, nullSchema, numberSchema, stringSchema } from "../schema/build-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import { noSyntax } from "../syntax/syntax-node.ts";
import { quote } from "../text/quote.ts";
import { isEscNumber } from "../value.ts";
import { createExpression } from "./nodes.ts";
import type { ExpressionNode, ResolvedAccessor, ValueNode } from "./nodes.ts";
import { reportError } from "./scope.ts";
import type { Scope } from "./scope.ts";
import { propertyOf } from "./value-tree.ts";

export interface Declaration {
  path: string;
  expression: Expression | undefined;
  base?: ValueNode | undefined;
}

/** Sets up an expression and all in it, with the bases that their values will merge with. Reports duplicate keys. */
export function declare(scope: Scope, { path, expression, base }: Declaration): ExpressionNode {
  if (expression === undefined) return missingExpression(path, base);
  const { syntax } = expression;
  switch (expression.kind) {
    case "literal":
      return createExpression(
        path,
        { kind: "literal", syntax, value: expression.value },
        { schema: literalSchema(expression.value), base },
      );
    case "interpolate": {
      const parts = expression.parts.map(({ text, access }) =>
        access === undefined ? { text } : { text, accessors: unresolved(access) },
      );
      return createExpression(path, { kind: "interpolate", syntax, parts }, { schema: stringSchema(), base });
    }
    case "symbol": {
      const accessors = unresolved(expression.access);
      return createExpression(path, { kind: "symbol", syntax, accessors }, { schema: alwaysSchema, base });
    }
    case "array": {
      const elements = expression.elements.map((element, index) =>
        declare(scope, { path: `${path}[${index}]`, expression: element }),
      );
      return createExpression(path, { kind: "array", syntax, elements }, { schema: arraySchema(alwaysSchema), base });
    }
    case "object":
      return declareObject(scope, { path, expression, base });
    case "call":
      return declareCall(scope, { path, expression, base });
  }
}

/** Stands for what a mistake left out. */
export function missingExpression(path: string, base: ValueNode | undefined): ExpressionNode {
  return createExpression(path, { kind: "missing", syntax: noSyntax }, { schema: alwaysSchema, base });
}

function literalSchema(value: unknown): Schema {
  if (typeof value === "boolean") return booleanSchema(value);
  if (typeof value === "string") return stringSchema(value);
  return isEscNumber(value) ? numberSchema(value) : nullSchema();
}

function unresolved(access: readonly Accessor[]): ResolvedAccessor[] {
  return access.map((accessor) => ({ accessor }));
}

function declareObject(scope: Scope, { path, expression, base }: Declaration): ExpressionNode {
  const properties = new Map<string, ExpressionNode>();
  const keys: { value: string; syntax: typeof noSyntax }[] = [];
  if (expression?.kind !== "object") return missingExpression(path, base);
  for (const { key, value } of expression.properties) {
    if (key === undefined) continue;
    keys.push(key);
    if (properties.has(key.value)) {
      reportError(scope, key.syntax, `duplicate key ${quote(key.value)}`);
      continue;
    }
    const property = { path: joinKey(path, key.value), expression: value };
    properties.set(key.value, declare(scope, { ...property, base: propertyOf(base, key.syntax, key.value) }));
  }
  const schema: Schema = { type: "object", additionalProperties: alwaysSchema };
  return createExpression(path, { kind: "object", syntax: expression.syntax, properties, keys }, { schema, base });
}

const callSchemas = {
  concat: arraySchema(alwaysSchema),
  split: arraySchema(stringSchema()),
  fromBase64: stringSchema(),
  join: stringSchema(),
  secret: stringSchema(),
  toBase64: stringSchema(),
  toJSON: stringSchema(),
  toString: stringSchema(),
  final: alwaysSchema,
  validate: alwaysSchema,
  fromJSON: alwaysSchema,
  open: alwaysSchema,
  rotate: alwaysSchema,
} satisfies Record<CallExpression["builtin"], Schema>;

function declareCall(
  scope: Scope,
  { path, expression, base }: Declaration & { expression: CallExpression },
): ExpressionNode {
  const operands = new Map<OperandName, ExpressionNode>();
  for (const [name, operand] of expression.operands) {
    const declared = declare(scope, { path: "", expression: operand });
    if (expression.builtin === "secret") declared.secret = true;
    operands.set(name, declared);
  }
  const { syntax, builtin } = expression;
  return createExpression(
    path,
    { kind: "call", syntax, expression, operands, inputSchema: alwaysSchema, stateSchema: alwaysSchema },
    { schema: callSchemas[builtin], base },
  );
}
