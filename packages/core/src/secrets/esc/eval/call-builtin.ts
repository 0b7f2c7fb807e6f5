import type { BuiltinName, OperandName } from "../parse/expression.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import { callOpen } from "./call-open.ts";
import { callRotate } from "./call-rotate.ts";
import { callSecret } from "./call-secret.ts";
import { concat, fromBase64, fromJson, join, split, toBase64, toJson } from "./call-text.ts";
import { callValidate } from "./call-validate.ts";
import type { BuiltinCall } from "./builtin-call.ts";
import { createValue } from "./nodes.ts";
import type { CallNode, ExpressionNode, ValueNode } from "./nodes.ts";
import { reportError, spendText } from "./scope.ts";
import type { Scope } from "./scope.ts";
import { missingExpression } from "./declare.ts";
import { validateValue } from "./validate-value.ts";
import { valueToText } from "./value-text.ts";
import { combine, containsSecrets } from "./value-tree.ts";

const builtins: Record<BuiltinName, (call: BuiltinCall) => Promise<ValueNode>> = {
  concat,
  final: callFinal,
  validate: callValidate,
  fromJSON: fromJson,
  fromBase64,
  join,
  open: callOpen,
  rotate: callRotate,
  secret: callSecret,
  split,
  toBase64,
  toJSON: toJson,
  toString: callToString,
};

/** The value of a call to a builtin. */
export async function callBuiltin(scope: Scope, node: ExpressionNode, form: CallNode): Promise<ValueNode> {
  const operand = (name: OperandName): ExpressionNode => form.operands.get(name) ?? missingExpression("", undefined);
  const evaluate = (name: OperandName): Promise<ValueNode> => scope.run.evaluate(scope, operand(name), alwaysSchema);
  const evaluateAs = async (
    name: OperandName,
    accept: Schema,
    options: { hidesSchema?: boolean } = {},
  ): Promise<{ value: ValueNode; isValid: boolean }> => {
    const value = await scope.run.evaluate(scope, operand(name), accept);
    const { isValid, diagnostics } = validateValue(value, accept, options);
    scope.diagnostics.push(...diagnostics);
    return { value, isValid };
  };
  return builtins[form.expression.builtin]({
    scope,
    node,
    form,
    operand,
    evaluate,
    evaluateAs,
    fail: (summary) => reportError(scope, form.syntax, summary),
    spend: (length) => spendText(scope.run, length, form.syntax),
  });
}

/** Passes its argument through, marked so that nothing overrides it. */
async function callFinal({ node, evaluate }: BuiltinCall): Promise<ValueNode> {
  const inner = await evaluate("value");
  const value = createValue(node, inner.schema, { repr: inner.repr, depth: inner.depth, final: true });
  combine(value, inner);
  value.secretByContent = !inner.secret && !inner.tainted && containsSecrets(inner);
  return value;
}

async function callToString({ scope, node, evaluate, spend }: BuiltinCall): Promise<ValueNode> {
  const { text, unknown, secret } = valueToText(scope.run, await evaluate("value"));
  if (unknown) return createValue(node, node.schema, { unknown, secret });
  spend(text.length);
  return createValue(node, node.schema, { repr: text, secret });
}
