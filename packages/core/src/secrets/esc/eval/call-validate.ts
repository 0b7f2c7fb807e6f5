import { compileSchema } from "../schema/compile-schema.ts";
import { jsonSchemaSchema } from "../schema/json-schema-schema.ts";
import { parseSchema } from "../schema/parse-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import { toPlainData } from "../to-json.ts";
import type { BuiltinCall } from "./builtin-call.ts";
import { exportValue } from "./export-value.ts";
import { createValue } from "./nodes.ts";
import type { ValueNode } from "./nodes.ts";
import { reportError } from "./scope.ts";
import { combine, containsSecrets, containsUnknowns } from "./value-tree.ts";

/** Passes its `value` through and reports where that is not what `schema` says. */
export async function callValidate(call: BuiltinCall): Promise<ValueNode> {
  const schemaOperand = await call.evaluateAs("schema", jsonSchemaSchema);
  const schema =
    containsUnknowns(schemaOperand.value) || !schemaOperand.isValid
      ? alwaysSchema
      : readSchema(call, schemaOperand.value);
  // What the schema demands would be quoted in the diagnostics.
  const hidesSchema = containsSecrets(schemaOperand.value);
  const { value: inner } = await call.evaluateAs("value", schema, { hidesSchema });
  const value = createValue(call.node, inner.schema, { repr: inner.repr, depth: inner.depth });
  combine(value, inner);
  value.secretByContent = !inner.secret && !inner.tainted && containsSecrets(inner);
  return value;
}

function readSchema({ scope, operand }: BuiltinCall, value: ValueNode): Schema {
  const schema = parseSchema(toPlainData(exportValue(value, ""), { reveal: true }));
  const problem = compileSchema(schema);
  if (problem === undefined) return schema;
  reportError(scope, operand("schema").form.syntax, `invalid schema: ${problem}`);
  return alwaysSchema;
}
