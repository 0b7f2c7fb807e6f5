import type { RotationPatch } from "../evaluation.ts";
import { makeSecret } from "../make-secret.ts";
import { joinKey } from "../property-path.ts";
import { nullSchema, oneOfSchema } from "../schema/build-schema.ts";
import { compileSchema } from "../schema/compile-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import type { EscInputs, Rotator } from "../surroundings.ts";
import { quote } from "../text/quote.ts";
import type { EscValue } from "../value.ts";
import type { BuiltinCall } from "./builtin-call.ts";
import { objectOf } from "./call-open.ts";
import { describeFailure } from "./describe-failure.ts";
import { exportValue } from "./export-value.ts";
import { createValue } from "./nodes.ts";
import type { ValueNode } from "./nodes.ts";
import { isRotating } from "./scope.ts";
import { unexportValue } from "./unexport-value.ts";
import { containsObservableUnknowns, containsUnknowns } from "./value-tree.ts";

/** What a rotator returns for its inputs and state; in mode "rotate", after it has made a new state. */
export async function callRotate(call: BuiltinCall): Promise<ValueNode> {
  const { scope, node, form } = call;
  const { provider: name } = form.expression;
  if (name === undefined) return createValue(node, alwaysSchema, { unknown: true });
  const rotator = scope.run.surroundings.findRotator(name);
  if (rotator === undefined) call.fail(`unknown rotator ${quote(name)}`);
  else learnSchemas(call, rotator);
  const unopened = createValue(node, node.schema, { unknown: true });
  const documentPath = form.syntax.path;
  const rotates = isRotating(scope) && (scope.rotatePaths.size === 0 || scope.rotatePaths.has(documentPath));
  const inputs = await call.evaluateAs("inputs", form.inputSchema);
  const state = await call.evaluateAs("state", form.stateSchema);
  const areKnown =
    inputs.isValid &&
    state.isValid &&
    !containsObservableUnknowns(inputs.value, isRotating(scope)) &&
    !containsUnknowns(state.value);
  if (!areKnown || scope.run.mode === "check" || rotator === undefined) {
    if (rotates) scope.rotations.push({ documentPath, status: "not-evaluated" });
    return unopened;
  }
  const exported = exportValue(inputs.value, "");
  const given = objectOf(exported);
  if (given === undefined) {
    call.fail("the inputs of a rotator must be an object");
    return unopened;
  }
  const turn: Turn = { call, rotator, given, exported, documentPath };
  let current = exportValue(state.value, "");
  if (rotates) {
    const next = await rotate(turn, current);
    if (next === undefined) return unopened;
    current = next;
  }
  return (await open(turn, current)) ?? unopened;
}

interface Turn {
  call: BuiltinCall;
  rotator: Rotator;
  given: EscInputs;
  exported: EscValue;
  documentPath: string;
}

function learnSchemas({ form, node, fail }: BuiltinCall, rotator: Rotator): void {
  const { inputs, state, outputs } = rotator.schema();
  const stateOrNull = oneOfSchema([state, nullSchema()]);
  const inputProblem = compileSchema(inputs);
  if (inputProblem === undefined) form.inputSchema = inputs;
  else fail(`internal error: invalid input schema (${inputProblem})`);
  const stateProblem = compileSchema(stateOrNull);
  if (stateProblem === undefined) form.stateSchema = stateOrNull;
  else fail(`internal error: invalid state schema (${stateProblem})`);
  const outputProblem = compileSchema(outputs);
  if (outputProblem === undefined) node.schema = outputs;
  else fail(`internal error: invalid schema (${outputProblem})`);
}

async function rotate(turn: Turn, state: EscValue): Promise<EscValue | undefined> {
  const { call, rotator, given, exported, documentPath } = turn;
  const { scope, form } = call;
  try {
    const replacement = await rotator.rotate(given, objectOf(state), scope.context);
    const statePath = `${joinKey(documentPath, form.expression.name)}.state`;
    const patch: RotationPatch = { documentPath: statePath, replacement };
    scope.rotations.push({ documentPath, status: "succeeded", patch });
    return replacement.secret ? makeSecret(replacement) : replacement;
  } catch (thrown) {
    scope.rotations.push({ documentPath, status: "failed" });
    call.fail(`rotate: ${describeFailure(scope.run, thrown, [exported, state])}`);
    return undefined;
  }
}

async function open(turn: Turn, state: EscValue): Promise<ValueNode | undefined> {
  const { call, rotator, given, exported } = turn;
  const { scope, node } = call;
  try {
    // As if the new state had been read back: its values now stand where the rotator stands.
    const readBack = exportValue(unexportValue(scope.run, state, node), "");
    const output = await rotator.open(given, objectOf(readBack), scope.context);
    return unexportValue(scope.run, output.secret ? makeSecret(output) : output, node);
  } catch (thrown) {
    call.fail(describeFailure(scope.run, thrown, [exported, state]));
    return undefined;
  }
}
