import { isMap, isPair, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Node } from "yaml";

/** A stretch of a definition's text, in UTF-16 units. */
export interface TextSpan {
  start: number;
  end: number;
}

/**
 * Where a definition holds secrets in the clear: what stands behind `fn::secret` and is no ciphertext. Undefined when the
 * text cannot be read well enough to tell; then all of it may be one.
 */
export function findSecretSpans(source: string): TextSpan[] | undefined {
  const document = parseDocument(source, { lineCounter: new LineCounter(), uniqueKeys: false, logLevel: "silent" });
  const mentions = source.split("fn::secret").length - 1;
  if (mentions === 0) return [];
  if (document.errors.length > 0) return undefined;
  const spans: TextSpan[] = [];
  let seen = 0;
  visit(document, {
    Pair(_key, pair) {
      if (!isScalar(pair.key) || pair.key.value !== "fn::secret") return undefined;
      seen += 1;
      const value = pair.value as Node | null;
      const isCiphertext =
        isMap(value) &&
        value.items.every((item) => isPair(item) && isScalar(item.key) && item.key.value === "ciphertext");
      if (value?.range && !isCiphertext) spans.push({ start: value.range[0], end: value.range[1] });
      return undefined;
    },
  });
  // In a comment, a key, an alias: written where it does not count, yet perhaps beside a value that somebody meant.
  return seen === mentions ? spans : undefined;
}
