import { isUtf8 } from "node:buffer";

export interface JsonLimits {
  maxDepth: number;
  /** Values and keys together: 200,000 keys block validation for seconds (GHSA-46jr-4wx8-v453). */
  maxElements: number;
  maxKeyBytes: number;
}

const defaultJsonLimits: JsonLimits = { maxDepth: 64, maxElements: 50_000, maxKeyBytes: 1_024 };

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Looks at JSON bytes before they are parsed and says what is wrong with their shape, if anything. One pass, no
 * allocation; deep values crash `JSON.stringify` and `structuredClone` long after parsing succeeded.
 */
export function findShapeFault(bytes: Uint8Array, limits: JsonLimits = defaultJsonLimits): string | undefined {
  if (!isUtf8(bytes)) return "the body is not valid UTF-8";
  let depth = 0;
  let elements = 0;
  let stringBytes = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      const end = stringEnd(bytes, at + 1);
      stringBytes = end - at;
      at = end;
    } else if (byte === colon) {
      if (stringBytes > limits.maxKeyBytes) return `a key is longer than ${limits.maxKeyBytes} bytes`;
    } else if (byte === comma) {
      elements++;
    } else if (byte === openBrace || byte === openBracket) {
      elements++;
      if (++depth > limits.maxDepth) return `the body is nested deeper than ${limits.maxDepth}`;
    } else if (byte === closeBrace || byte === closeBracket) {
      depth--;
    }
  }
  return elements > limits.maxElements ? `the body has more than ${limits.maxElements} elements` : undefined;
}

/** Index of the closing quote, found by native search: long strings cost next to nothing. */
function stringEnd(bytes: Uint8Array, from: number): number {
  let end = bytes.indexOf(quote, from);
  while (end !== -1) {
    let slashes = 0;
    while (bytes[end - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return end;
    end = bytes.indexOf(quote, end + 1);
  }
  return bytes.length;
}
