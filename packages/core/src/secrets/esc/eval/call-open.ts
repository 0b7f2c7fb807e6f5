import { makeSecret } from "../make-secret.ts";
import { compileSchema } from "../schema/compile-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import { quote } from "../text/quote.ts";
import type { EscValue } from "../value.ts";
import type { BuiltinCall } from "./builtin-call.ts";
import { describeFailure } from "./describe-failure.ts";
import { exportValue } from "./export-value.ts";
import { createValue } from "./nodes.ts";
import type { ValueNode } from "./nodes.ts";
import { unexportValue } from "./unexport-value.ts";
import { containsUnknowns } from "./value-tree.ts";

/** What a provider returns for the inputs; unknown, with the provider's schema, while checking. */
export async function callOpen(call: BuiltinCall): Promise<ValueNode> {
  const { scope, node, form } = call;
  const { provider: name } = form.expression;
  if (name === undefined) return createValue(node, alwaysSchema, { unknown: true });
  const provider = scope.run.surroundings.findProvider(name);
  if (provider === undefined) call.fail(`unknown provider ${quote(name)}`);
  else {
    const { inputs, outputs } = provider.schema();
    const inputProblem = compileSchema(inputs);
    if (inputProblem === undefined) form.inputSchema = inputs;
    else call.fail(`internal error: invalid input schema (${inputProblem})`);
    const outputProblem = compileSchema(outputs);
    if (outputProblem === undefined) node.schema = outputs;
    else call.fail(`internal error: invalid schema (${outputProblem})`);
  }
  const unopened = createValue(node, node.schema, { unknown: true });
  const inputs = await call.evaluateAs("inputs", form.inputSchema);
  if (!inputs.isValid || containsUnknowns(inputs.value) || scope.run.mode === "check") return unopened;
  if (provider === undefined) return unopened;
  const exported = exportValue(inputs.value, "");
  const given = objectOf(exported);
  if (given === undefined) {
    call.fail("the inputs of a provider must be an object");
    return unopened;
  }
  try {
    const output = await provider.open(given, scope.context);
    return unexportValue(scope.run, output.secret ? makeSecret(output) : output, node);
  } catch (thrown) {
    call.fail(describeFailure(scope.run, thrown, [exported]));
    return unopened;
  }
}

/** The properties of an object; undefined for anything else. */
export function objectOf({ value }: EscValue): ReadonlyMap<string, EscValue> | undefined {
  return value instanceof Map ? (value as ReadonlyMap<string, EscValue>) : undefined;
}
