import { AppError } from "../errors/app-error.ts";

/** What was cut away from one place. */
export interface CutPart {
  /** Where, with dots into nested objects. */
  field: string;
  /** Whole items of a list, or pieces of a text in order. */
  items: unknown[];
}

interface Place {
  path: (string | number)[];
  length: number;
}

const pieceCharacters = 16_000;
const minTextCharacters = 200;
const maxCuts = 50;
const maxDepth = 12;

/**
 * Cuts the longest list or text in `output`, again and again, until its JSON fits into `limit` characters. Lists lose
 * whole items from their end, texts are never cut inside a character. `preferred` names the list to cut first.
 */
export function cutLongest(
  output: Record<string, unknown>,
  limit: number,
  preferred: string | undefined,
): { value: Record<string, unknown>; parts: CutPart[] } {
  const value = structuredClone(output);
  const parts: CutPart[] = [];
  let total = JSON.stringify(value).length;
  let place = preferred === undefined ? undefined : placeOf(value, preferred);
  for (let cuts = 0; total > limit && cuts < maxCuts; cuts++) {
    place ??= findLongest(value);
    if (!place) break;
    addPart(parts, cutAt(value, place, place.length - (total - limit)));
    total = JSON.stringify(value).length;
    place = undefined;
  }
  if (total <= limit) return { value, parts };
  throw new AppError("internal", "The answer is too long and has no part that can be cut.", {
    hint: "Ask for less at once.",
  });
}

/** One part for each place, in its order: what a second cut takes lies before what the first took. */
function addPart(parts: CutPart[], part: CutPart): void {
  const same = parts.find(({ field }) => field === part.field);
  if (same) same.items = [...part.items, ...same.items];
  else parts.push(part);
}

function placeOf(value: Record<string, unknown>, key: string): Place | undefined {
  const list = value[key];
  return Array.isArray(list) && list.length > 1 ? { path: [key], length: JSON.stringify(list).length } : undefined;
}

/** The outermost of the longest: a list with two items or more before the texts inside it. */
function findLongest(value: unknown, path: (string | number)[] = []): Place | undefined {
  if (typeof value === "string") {
    return value.length >= minTextCharacters ? { path, length: JSON.stringify(value).length } : undefined;
  }
  if (typeof value !== "object" || value === null || path.length > maxDepth) return undefined;
  if (Array.isArray(value) && value.length > 1) return { path, length: JSON.stringify(value).length };
  let longest: Place | undefined;
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, entry] of entries) {
    const place = findLongest(entry, [...path, key]);
    if (place && (!longest || place.length > longest.length)) longest = place;
  }
  return longest;
}

/** Cuts the list or text at `place` down to `keep` characters of JSON and returns what went. */
function cutAt(root: Record<string, unknown>, place: Place, keep: number): CutPart {
  const field = place.path.join(".");
  const holder = holderOf(root, place.path);
  const key = place.path.at(-1) ?? "";
  const target = holder[key];
  if (typeof target === "string") {
    // JSON escapes make a text longer than itself: keep the same share of it.
    const end = characterBoundary(target, Math.floor((Math.max(0, keep) / place.length) * target.length * 0.95));
    holder[key] = target.slice(0, end);
    return { field, items: toPieces(target, end) };
  }
  const items = target as unknown[];
  let room = keep;
  let kept = 0;
  while (kept < items.length - 1 && (room -= JSON.stringify(items[kept]).length + 1) >= 0) kept++;
  holder[key] = items.slice(0, kept);
  return { field, items: items.slice(kept) };
}

function holderOf(root: Record<string, unknown>, path: readonly (string | number)[]): Record<string | number, unknown> {
  let holder: Record<string | number, unknown> = root;
  // findLongest walked this very path a moment ago.
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
  return holder;
}

function toPieces(text: string, from: number): string[] {
  const pieces: string[] = [];
  for (let at = from; at < text.length;) {
    const end = characterBoundary(text, at + pieceCharacters);
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

/** Never between the halves of a surrogate pair. */
function characterBoundary(text: string, at: number): number {
  const before = text.charCodeAt(at - 1);
  return at < text.length && before >= 0xd800 && before <= 0xdbff ? at - 1 : Math.min(at, text.length);
}
