import { Secret } from "../config/secret.ts";
import { buildSecretForms, minimumSecretLength } from "./scrub-forms.ts";
import { createNeedleSearch, type Needle } from "./scrub-search.ts";

/** Finds known secrets by value, wherever they turn up and however they are spelt. */
export interface Scrubber {
  /** Makes a value known for the life of the process. Values shorter than 8 characters are ignored. */
  register(value: string, name?: string): void;
  /** The text with every known secret masked; the very same string when there is none. */
  scrub(text: string): string;
  /** The same for a JSON-like value, keys included; the very same value when there is nothing to mask. */
  scrubValue(value: unknown): unknown;
}

const maximumDepth = 32;
/** Far above what configuration and a year of weekly rotations hold; beyond it the oldest value is forgotten. */
const maximumValues = 4_096;

/** A scrubber that knows raw, base64, URL-encoded, JSON-escaped and hex spellings, and the first 12 characters of each. */
export function createScrubber(): Scrubber {
  const known = new Map<string, Needle[]>();
  const search = createNeedleSearch();

  function register(value: string, name?: string): void {
    const text = value.trim();
    if (text.length < minimumSecretLength || known.has(text)) return;
    const mask = name === undefined ? "[secret]" : `[secret ${name.replace(/[^\w.-]/g, "")}]`;
    const needles = buildSecretForms(text).map((form) => ({ ...form, mask }));
    known.set(text, needles);
    if (known.size <= maximumValues) {
      search.add(needles);
      return;
    }
    known.delete(known.keys().next().value ?? "");
    search.clear();
    search.add([...known.values()].flat());
  }

  function scrub(text: string): string {
    return known.size === 0 ? text : search.replaceAll(text);
  }

  return { register, scrub, scrubValue: (value) => scrubAny(value, scrub, 0) };
}

function scrubAny(value: unknown, scrub: (text: string) => string, depth: number): unknown {
  if (typeof value === "string") return scrub(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Secret) return "***";
  if (depth > maximumDepth) return "[too deep]";
  if (Array.isArray(value)) {
    const copy = value.map((item) => scrubAny(item, scrub, depth + 1));
    return copy.some((item, index) => item !== value[index]) ? copy : value;
  }
  if (value instanceof Error) {
    const cause = value.cause === undefined ? {} : { cause: scrubAny(value.cause, scrub, depth + 1) };
    return { name: scrub(value.name), message: scrub(value.message), stack: scrub(value.stack ?? ""), ...cause };
  }
  const entries = Object.entries(value);
  const copy = entries.map(([key, item]): [string, unknown] => [scrub(key), scrubAny(item, scrub, depth + 1)]);
  const changed = copy.some(([key, item], index) => key !== entries[index]?.[0] || item !== entries[index][1]);
  return changed ? Object.fromEntries(copy) : value;
}
