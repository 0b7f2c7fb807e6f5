import type { RotationPatch } from "./evaluation.ts";
import { setValue } from "./edit-source.ts";
import { formatJson } from "./text/format-json.ts";
import type { JsonData } from "./text/format-json.ts";
import { toPlainData } from "./to-json.ts";
import type { EscValue } from "./value.ts";

/**
 * A definition with the state that rotators returned, comments kept. Secrets are written as `fn::secret`, those that
 * are no texts as JSON within; {@link sealSecrets} has to follow before the text is stored.
 */
export function applyPatches(source: string, patches: readonly RotationPatch[]): string {
  return patches.reduce(
    (text, { documentPath, replacement }) => setValue(text, documentPath, { data: toDefinition(replacement) }),
    source,
  );
}

function toDefinition(value: EscValue): JsonData {
  if (value.secret) return wrapSecret(toPlainData(value, { reveal: true }));
  const { value: repr } = value;
  if (Array.isArray(repr)) return (repr as readonly EscValue[]).map(toDefinition);
  if (repr instanceof Map) {
    const entries = [...(repr as ReadonlyMap<string, EscValue>)];
    return new Map(entries.map(([key, item]) => [key, toDefinition(item)]));
  }
  return repr as JsonData;
}

function wrapSecret(data: JsonData): JsonData {
  if (typeof data === "string") return new Map([["fn::secret", data]]);
  const formatted = formatJson(data);
  const text = "text" in formatted ? formatted.text : "null";
  return new Map([["fn::fromJSON", new Map([["fn::secret", text]])]]);
}
