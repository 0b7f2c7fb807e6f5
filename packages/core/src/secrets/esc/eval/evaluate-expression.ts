import { warningAt } from "../parse/diagnose.ts";
import { recordSchema, tupleSchema } from "../schema/build-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { Schema } from "../schema/schema.ts";
import { isRotateOnly, itemSchema, propertySchema } from "../schema/sub-schema.ts";
import { compareText } from "../text/compare-text.ts";
import { callBuiltin } from "./call-builtin.ts";
import { missingExpression } from "./declare.ts";
import { evaluateAccess } from "./evaluate-access.ts";
import { mergeOver } from "./merge.ts";
import { createValue } from "./nodes.ts";
import type { ExpressionNode, ResolvedAccessor, ValueNode } from "./nodes.ts";
import { checkDepth, isRotating, reportError, spendNodes, spendText } from "./scope.ts";
import type { Scope } from "./scope.ts";
import { depthAbove } from "./unexport-value.ts";
import { valueToText } from "./value-text.ts";
import { containsSecrets, containsUnknowns } from "./value-tree.ts";

// The stack of nested calls is let go this often: an import chain or a row of references may be thousands long.
const callsPerStack = 40;

/** The value of an expression, merged over its base. Evaluates it when nobody has before; a cycle is an error. */
export async function evaluateExpression(scope: Scope, node: ExpressionNode, accept: Schema): Promise<ValueNode> {
  const { run } = scope;
  if (node.state === "done") return node.value ?? unknownValue(node);
  if (node.state === "evaluating") {
    reportError(scope, node.form.syntax, `cyclic reference to ${node.path}`);
    return unknownValue(node);
  }
  node.state = "evaluating";
  run.nesting += 1;
  if (run.nesting % callsPerStack === 0) await Promise.resolve();
  try {
    return await evaluateFresh(scope, node, accept);
  } finally {
    node.state = "done";
    run.nesting -= 1;
  }
}

function unknownValue(def: ExpressionNode): ValueNode {
  return createValue(def, alwaysSchema, { unknown: true, secret: def.secret });
}

async function evaluateFresh(scope: Scope, node: ExpressionNode, accept: Schema): Promise<ValueNode> {
  const { run } = scope;
  run.signal?.throwIfAborted();
  if (node.form.syntax.range !== undefined) run.at = node.form.syntax;
  spendNodes(run, 1, node.form.syntax);
  if (isSkipped(scope, accept)) {
    const def = missingExpression(node.path, node.base);
    return createValue(def, alwaysSchema, { unknown: true, rotateOnly: true });
  }
  if (node.base?.final) {
    scope.diagnostics.push(warningAt(node.form.syntax, "cannot override final value"));
    node.schema = node.base.schema;
    node.value = node.base;
    return node.base;
  }
  const value = await evaluateForm(scope, node, accept);
  if (isRotateOnly(accept)) value.rotateOnly = true;
  if (node.secret) value.secret = true;
  if (mergeOver(value, node.base)) scope.hidesKeys = true;
  node.schema = value.schema;
  node.value = value;
  return value;
}

/**
 * What only rotation needs is looked at when rotating, and when checking the root environment, so that nobody can make
 * the rotator read what they may not read themselves. Imports may use credentials that the importer does not see.
 */
function isSkipped(scope: Scope, accept: Schema): boolean {
  if (!isRotateOnly(accept)) return false;
  return !scope.isRoot || (!isRotating(scope) && scope.run.mode !== "check");
}

async function evaluateForm(scope: Scope, node: ExpressionNode, accept: Schema): Promise<ValueNode> {
  const { form } = node;
  switch (form.kind) {
    case "missing":
    case "access":
      return createValue(node, node.schema, { unknown: true });
    case "literal":
      return createValue(node, node.schema, form.value === undefined ? { unknown: true } : { repr: form.value });
    case "interpolate":
      return interpolate(scope, node, form.parts);
    case "symbol":
      return evaluateAccess(scope, { node, accessors: form.accessors, accept });
    case "array":
      return evaluateArray(scope, node, accept);
    case "object":
      return evaluateObject(scope, node, accept);
    case "call":
      return callBuiltin(scope, node, form);
  }
}

async function evaluateArray(scope: Scope, node: ExpressionNode, accept: Schema): Promise<ValueNode> {
  const { form } = node;
  const elements: ValueNode[] = [];
  if (form.kind === "array") {
    for (const [index, element] of form.elements.entries()) {
      elements.push(await scope.run.evaluate(scope, element, itemSchema(accept, index)));
    }
  }
  const depth = depthAbove(elements);
  checkDepth(scope.run, depth, form.syntax);
  return createValue(node, tupleSchema(elements.map(({ schema }) => schema)), { repr: elements, depth });
}

async function evaluateObject(scope: Scope, node: ExpressionNode, accept: Schema): Promise<ValueNode> {
  const { form } = node;
  const properties = new Map<string, ValueNode>();
  const schemas = new Map<string, Schema>();
  if (form.kind === "object") {
    // In the order of keys, not of the text, so that what is said of a cycle is always the same.
    for (const key of [...form.properties.keys()].sort(compareText)) {
      const property = form.properties.get(key) as ExpressionNode;
      const value = await scope.run.evaluate(scope, property, propertySchema(accept, key));
      properties.set(key, value);
      schemas.set(key, value.schema);
    }
  }
  const depth = depthAbove(properties.values());
  checkDepth(scope.run, depth, form.syntax);
  return createValue(node, recordSchema(schemas), { repr: properties, depth });
}

async function interpolate(
  scope: Scope,
  node: ExpressionNode,
  parts: readonly { text: string; accessors?: ResolvedAccessor[] }[],
): Promise<ValueNode> {
  const value = createValue(node, node.schema);
  let text = "";
  for (const part of parts) {
    text += part.text;
    if (part.accessors === undefined) continue;
    const accessed = await evaluateAccess(scope, { node, accessors: part.accessors, accept: alwaysSchema });
    const found = valueToText(scope.run, accessed);
    value.unknown = containsUnknowns(value) || found.unknown;
    value.secret = containsSecrets(value) || found.secret;
    if (found.unknown) continue;
    spendText(scope.run, found.text.length, node.form.syntax);
    text += found.text;
  }
  value.repr = value.unknown ? "[unknown]" : text;
  return value;
}
