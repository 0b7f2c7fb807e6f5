import { Secret } from "../config/secret.ts";
import { buildSecretForms, minimumSecretLength, type SecretForm } from "./scrub-forms.ts";

/** Finds known secrets by value, wherever they turn up and however they are spelt. */
export interface Scrubber {
  /** Makes a value known for the life of the process. Values shorter than 8 characters are ignored. */
  register(value: string, name?: string): void;
  /** The text with every known secret masked; the very same string when there is none. */
  scrub(text: string): string;
  /** The same for a JSON-like value, keys included; the very same value when there is nothing to mask. */
  scrubValue(value: unknown): unknown;
}

interface Needle extends SecretForm {
  mask: string;
}

const blockEnd = minimumSecretLength - 1;
const tableSize = 1 << 14;
const maximumDepth = 32;
/** Far above what configuration and a year of weekly rotations hold; beyond it the oldest value is forgotten. */
const maximumValues = 4_096;

/**
 * Wu–Manber search over the first 8 characters of all spellings at once: most positions of an innocent line are
 * skipped by one table look-up of a character pair, so a line without a secret costs far less than writing it.
 */
export function createScrubber(): Scrubber {
  const known = new Map<string, Needle[]>();
  const shifts = new Uint8Array(tableSize).fill(blockEnd);
  const buckets = new Map<number, Needle[]>();

  function add(needle: Needle): void {
    for (let index = 1; index <= blockEnd; index += 1) {
      const block = hashBlock(needle.text.charCodeAt(index - 1), needle.text.charCodeAt(index));
      shifts[block] = Math.min(shifts[block] ?? 0, blockEnd - index);
      if (index < blockEnd) continue;
      const bucket = buckets.get(block) ?? [];
      bucket.push(needle);
      bucket.sort((left, right) => right.prefixLength - left.prefixLength);
      buckets.set(block, bucket);
    }
  }

  function register(value: string, name?: string): void {
    const text = value.trim();
    if (text.length < minimumSecretLength || known.has(text)) return;
    const mask = name === undefined ? "[secret]" : `[secret ${name.replace(/[^\w.-]/g, "")}]`;
    const needles = buildSecretForms(text).map((form) => ({ ...form, mask }));
    known.set(text, needles);
    if (known.size <= maximumValues) {
      for (const needle of needles) add(needle);
      return;
    }
    known.delete(known.keys().next().value ?? "");
    shifts.fill(blockEnd);
    buckets.clear();
    for (const needle of [...known.values()].flat()) add(needle);
  }

  function scrub(text: string): string {
    if (known.size === 0) return text;
    let result = "";
    let copied = 0;
    let end = blockEnd;
    while (end < text.length) {
      const block = hashBlock(text.charCodeAt(end - 1), text.charCodeAt(end));
      const shift = shifts[block] ?? 1;
      if (shift > 0) {
        end += shift;
        continue;
      }
      const start = end - blockEnd;
      const match = findLongest(buckets.get(block) ?? [], text, start);
      if (!match) {
        end += 1;
        continue;
      }
      result += text.slice(copied, start) + match.mask;
      copied = match.end;
      end = copied + blockEnd;
    }
    return copied === 0 ? text : result + text.slice(copied);
  }

  function scrubAny(value: unknown, depth: number): unknown {
    if (typeof value === "string") return scrub(value);
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Secret) return "***";
    if (depth > maximumDepth) return "[too deep]";
    if (Array.isArray(value)) {
      const copy = value.map((item) => scrubAny(item, depth + 1));
      return copy.some((item, index) => item !== value[index]) ? copy : value;
    }
    if (value instanceof Error) return scrubError(value, depth);
    const entries = Object.entries(value);
    const copy = entries.map(([key, item]): [string, unknown] => [scrub(key), scrubAny(item, depth + 1)]);
    const changed = copy.some(([key, item], index) => key !== entries[index]?.[0] || item !== entries[index][1]);
    return changed ? Object.fromEntries(copy) : value;
  }

  function scrubError(error: Error, depth: number): unknown {
    const cause = error.cause === undefined ? {} : { cause: scrubAny(error.cause, depth + 1) };
    return { name: scrub(error.name), message: scrub(error.message), stack: scrub(error.stack ?? ""), ...cause };
  }

  return { register, scrub, scrubValue: (value) => scrubAny(value, 0) };
}

function hashBlock(first: number, second: number): number {
  return ((first << 7) ^ second) & (tableSize - 1);
}

/** The needle that covers the most text. A cut secret is masked as far as it goes. */
function findLongest(
  bucket: readonly Needle[],
  text: string,
  start: number,
): { mask: string; end: number } | undefined {
  let best: { mask: string; end: number } | undefined;
  for (const needle of bucket) {
    if (!text.startsWith(needle.text.slice(0, needle.prefixLength), start)) continue;
    let length = needle.prefixLength;
    while (length < needle.text.length && text[start + length] === needle.text[length]) length += 1;
    // A mask must not swallow half of a JSON escape: the quote behind it would end the string early.
    while (length < needle.text.length && needle.text[length - 1] === "\\") length -= 1;
    if (!best || start + length > best.end) best = { mask: needle.mask, end: start + length };
  }
  return best;
}
