import { arraySchema, stringSchema } from "../schema/build-schema.ts";
import { alwaysSchema } from "../schema/schema.ts";
import { decodeBase64 } from "../text/decode-base64.ts";
import { formatJson } from "../text/format-json.ts";
import { parseJson } from "../text/parse-json.ts";
import { bytesToText, textToBytes } from "../text/text-bytes.ts";
import { toPlainData } from "../to-json.ts";
import { makeSecret } from "../make-secret.ts";
import type { BuiltinCall } from "./builtin-call.ts";
import { exportValue } from "./export-value.ts";
import { createValue } from "./nodes.ts";
import type { ValueNode } from "./nodes.ts";
import { checkDepth, spendNodes } from "./scope.ts";
import { depthAbove, unexportValue } from "./unexport-value.ts";
import { combine } from "./value-tree.ts";

const text = stringSchema();
const texts = arraySchema(text);
const arrays = arraySchema(arraySchema(alwaysSchema));

function unknown({ node }: BuiltinCall): ValueNode {
  return createValue(node, node.schema, { unknown: true });
}

/** A value of the call that is as secret and as unknown as its operands. */
function combined({ node }: BuiltinCall, ...operands: ValueNode[]): ValueNode {
  const value = createValue(node, node.schema);
  combine(value, ...operands);
  return value;
}

function textOf(value: ValueNode): string {
  return typeof value.repr === "string" ? value.repr : "";
}

function elementsOf(value: ValueNode): ValueNode[] {
  return Array.isArray(value.repr) ? value.repr : [];
}

export async function join(call: BuiltinCall): Promise<ValueNode> {
  const delimiter = await call.evaluateAs("delimiter", text);
  const values = await call.evaluateAs("value", texts);
  if (!delimiter.isValid || !values.isValid) return unknown(call);
  const value = combined(call, delimiter.value, values.value);
  if (value.unknown) return value;
  const parts = elementsOf(values.value).map(textOf);
  const between = textOf(delimiter.value);
  call.spend(parts.reduce((sum, part) => sum + part.length + between.length, 0));
  value.repr = parts.join(between);
  return value;
}

export async function split(call: BuiltinCall): Promise<ValueNode> {
  const delimiter = await call.evaluateAs("delimiter", text);
  const whole = await call.evaluateAs("value", text);
  if (!delimiter.isValid || !whole.isValid) return unknown(call);
  const value = combined(call, delimiter.value, whole.value);
  if (value.unknown) return value;
  const between = textOf(delimiter.value);
  // Without a delimiter, by characters: JavaScript would split pairs of surrogates.
  const parts = between === "" ? Array.from(textOf(whole.value)) : textOf(whole.value).split(between);
  spendNodes(call.scope.run, parts.length, call.form.syntax);
  value.repr = parts.map((part) => {
    const element = createValue(call.node, text, { repr: part });
    element.tainted = value.secret;
    return element;
  });
  value.depth = 1;
  return value;
}

export async function concat(call: BuiltinCall): Promise<ValueNode> {
  const lists = await call.evaluateAs("value", arrays);
  if (!lists.isValid) return unknown(call);
  const value = combined(call, lists.value);
  if (value.unknown) return value;
  const elements: ValueNode[] = [];
  for (const list of elementsOf(lists.value)) {
    for (const element of elementsOf(list)) {
      // The list that said it was secret is gone: its elements have to remember.
      if (isSecretAsWhole(list) || isSecretAsWhole(lists.value)) element.tainted = true;
      elements.push(element);
    }
  }
  value.secretByContent = true;
  spendNodes(call.scope.run, elements.length, call.form.syntax);
  value.repr = elements;
  value.depth = depthAbove(elements);
  checkDepth(call.scope.run, value.depth, call.form.syntax);
  return value;
}

function isSecretAsWhole({ secret, secretByContent, tainted }: ValueNode): boolean {
  return (secret && !secretByContent) || tainted;
}

export async function toBase64(call: BuiltinCall): Promise<ValueNode> {
  const plain = await call.evaluateAs("value", text);
  if (!plain.isValid) return unknown(call);
  const value = combined(call, plain.value);
  if (value.unknown) return value;
  const encoded = Buffer.from(textToBytes(textOf(plain.value))).toString("base64");
  call.spend(encoded.length);
  value.repr = encoded;
  return value;
}

export async function fromBase64(call: BuiltinCall): Promise<ValueNode> {
  const encoded = await call.evaluateAs("value", text);
  if (!encoded.isValid) return unknown(call);
  const value = combined(call, encoded.value);
  if (value.unknown) return value;
  const decoded = decodeBase64(textOf(encoded.value));
  if ("error" in decoded) {
    call.fail(`decoding base64 string: ${decoded.error}`);
    value.unknown = true;
    return value;
  }
  call.spend(decoded.bytes.length);
  value.repr = bytesToText(decoded.bytes);
  return value;
}

export async function toJson(call: BuiltinCall): Promise<ValueNode> {
  const operand = await call.evaluate("value");
  const value = combined(call, operand);
  if (value.unknown) return value;
  const formatted = formatJson(toPlainData(exportValue(operand, ""), { reveal: true }));
  if ("error" in formatted) {
    call.fail(`failed to encode JSON: ${formatted.error}`);
    value.unknown = true;
    return value;
  }
  call.spend(formatted.text.length);
  value.repr = formatted.text;
  return value;
}

export async function fromJson(call: BuiltinCall): Promise<ValueNode> {
  const source = await call.evaluateAs("value", text);
  if (!source.isValid) return unknown(call);
  const value = combined(call, source.value);
  if (value.unknown) return value;
  const parsed = parseJson(textOf(source.value));
  if ("error" in parsed) {
    call.fail(`decoding JSON string: ${parsed.error}`);
    value.unknown = true;
    return value;
  }
  return unexportValue(call.scope.run, value.secret ? makeSecret(parsed.value) : parsed.value, call.node);
}
