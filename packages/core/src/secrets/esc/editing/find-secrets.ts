import { isMap, isScalar } from "yaml";
import type { Document, Scalar, YAMLMap } from "yaml";
import { resolveScalar } from "../syntax/resolve-scalar.ts";

/** A call to `fn::secret` with the stretch of text that its argument takes. */
export interface SecretCall {
  /** Offsets of the argument: from the colon's end to the value's. */
  start: number;
  end: number;
  /** Column of the `fn::secret` key, from 0. */
  column: number;
  isFlow: boolean;
  /** The call stands below `values`. */
  isValue: boolean;
  plaintext?: string;
  ciphertext?: string;
  /** The argument was a block scalar, which takes the line break after it. */
  endsLine: boolean;
}

/** Every call to `fn::secret` with a text or with ciphertext, in the order of the text. */
export function findSecrets(document: Document, source: string): SecretCall[] {
  const found: SecretCall[] = [];
  const pending: { node: unknown; isFlow: boolean; isValue: boolean }[] = [];
  pending.push({ node: document.contents, isFlow: false, isValue: false });
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node } = next;
    if (typeof node !== "object" || node === null || !("items" in node)) continue;
    const isFlow = next.isFlow || (node as { flow?: boolean }).flow === true;
    const { isValue } = next;
    if (!isMap(node)) {
      for (const item of node.items as unknown[]) pending.push({ node: item, isFlow, isValue });
      continue;
    }
    const call = readCall(node, { source, isFlow, isValue });
    if (call !== undefined) found.push(call);
    for (const { key, value } of node.items) {
      const isBelowValues = isValue || (node === document.contents && isScalar(key) && key.value === "values");
      pending.push({ node: value, isFlow, isValue: isBelowValues });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

function readCall(
  map: YAMLMap,
  { source, isFlow, isValue }: { source: string; isFlow: boolean; isValue: boolean },
): SecretCall | undefined {
  const [pair] = map.items;
  if (pair === undefined || map.items.length !== 1) return undefined;
  const { key, value } = pair;
  if (!isScalar(key) || key.value !== "fn::secret" || !key.range) return undefined;
  const colon = source.indexOf(":", key.range[1]);
  if (colon === -1) return undefined;
  const column = key.range[0] - (source.lastIndexOf("\n", key.range[0] - 1) + 1);
  const base = { start: colon + 1, column, isFlow, isValue };
  if (isScalar(value) && value.range) {
    const plaintext = textOf(value);
    const endsLine = value.type === "BLOCK_LITERAL" || value.type === "BLOCK_FOLDED";
    return plaintext === undefined ? undefined : { ...base, end: value.range[1], plaintext, endsLine };
  }
  if (!isMap(value) || value.items.length !== 1 || !value.range) return undefined;
  const [inner] = value.items;
  if (!isScalar(inner?.key) || inner.key.value !== "ciphertext" || !isScalar(inner.value)) return undefined;
  const ciphertext = textOf(inner.value);
  const end = value.flow ? value.range[1] : (inner.value.range?.[1] ?? value.range[1]);
  return ciphertext === undefined ? undefined : { ...base, end, ciphertext, endsLine: source[end - 1] === "\n" };
}

/** The text of a scalar that the evaluator takes for one. */
function textOf(scalar: Scalar): string | undefined {
  const isPlain = scalar.type === "PLAIN";
  const tag = scalar.tag?.replace("tag:yaml.org,2002:", "!!");
  const result = resolveScalar(String(scalar.value), isPlain, tag);
  return "value" in result && typeof result.value === "string" ? result.value : undefined;
}
