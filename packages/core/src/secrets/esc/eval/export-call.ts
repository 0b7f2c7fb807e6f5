import type { OperandName } from "../parse/expression.ts";
import { emptyRange } from "../range.ts";
import { arraySchema, recordSchema, stringSchema, tupleSchema } from "../schema/build-schema.ts";
import { jsonSchemaSchema } from "../schema/json-schema-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import type { WireBuiltin, WireExpression } from "../wire-expression.ts";
import { exportRange } from "./exporter.ts";
import type { Exporter } from "./exporter.ts";
import type { CallNode } from "./nodes.ts";

/** A call to a builtin as others see it, with the schema that its argument is held to. */
export function describeCall(form: CallNode, exporter: Exporter): WireBuiltin {
  const { expression } = form;
  const { argSchema, arg } = describeArgument(form, exporter);
  const nameRange = exportRange(expression.nameSyntax, exporter.environment);
  return { name: expression.name, nameRange, argSchema, arg };
}

type Argument = Pick<WireBuiltin, "argSchema" | "arg">;

function describeArgument(form: CallNode, { environment, describe }: Exporter): Argument {
  const { builtin, argumentSyntax } = form.expression;
  const range = exportRange(argumentSyntax, environment);
  const operand = (name: OperandName): WireExpression => {
    const node = form.operands.get(name);
    return node === undefined ? { range: emptyRange(environment), schema: alwaysSchema } : describe(node);
  };
  const object = (names: readonly OperandName[]): ReadonlyMap<string, WireExpression> =>
    new Map(names.map((name) => [name, operand(name)]));
  const single = (argSchema: Schema): Argument => ({ argSchema, arg: operand("value") });
  const pair = (second: Schema): Argument => ({
    argSchema: tupleSchema([stringSchema(), second]),
    arg: { range, list: [operand("delimiter"), operand("value")] },
  });
  switch (builtin) {
    case "concat":
      return single(arraySchema(arraySchema(alwaysSchema)));
    case "fromBase64":
    case "toBase64":
      return single(stringSchema());
    case "fromJSON":
    case "toJSON":
    case "toString":
    case "final":
      return single(alwaysSchema);
    case "join":
      return pair(arraySchema(stringSchema()));
    case "split":
      return pair(stringSchema());
    case "validate":
      return {
        argSchema: record([
          ["schema", jsonSchemaSchema],
          ["value", alwaysSchema],
        ]),
        arg: { range, object: object(["schema", "value"]) },
      };
    case "secret":
      return form.operands.has("plaintext")
        ? { argSchema: alwaysSchema, arg: operand("plaintext") }
        : { argSchema: alwaysSchema, arg: { range, object: object(["ciphertext"]) } };
    case "open":
    case "rotate":
      return describeProviderArgument(form, { operand, object });
  }
}

interface Operands {
  operand: (name: OperandName) => WireExpression;
  object: (names: readonly OperandName[]) => ReadonlyMap<string, WireExpression>;
}

function describeProviderArgument(form: CallNode, { operand, object }: Operands): Argument {
  const { name, builtin } = form.expression;
  const isShort = name !== `fn::${builtin}`;
  if (builtin === "open" && isShort) return { argSchema: form.inputSchema, arg: operand("inputs") };
  const names: OperandName[] = isShort ? [] : ["provider"];
  names.push("inputs");
  if (builtin === "rotate") names.push("state");
  const schemas: Partial<Record<OperandName, Schema>> = {
    provider: stringSchema(),
    inputs: form.inputSchema,
    state: form.stateSchema,
  };
  return {
    argSchema: record(names.map((operandName) => [operandName, schemas[operandName] ?? alwaysSchema])),
    arg: { range: emptyRange(""), object: object(names) },
  };
}

function record(properties: [string, Schema][]): Schema {
  return recordSchema(new Map(properties));
}
