import { AppError } from "@sophia/core/errors/app-error";

/** A page of a list that is sorted by `keyOf`, and where the next one starts. */
export interface Page<Item> {
  items: Item[];
  next: string | undefined;
}

/**
 * Items after the cursor, at most `limit`. The cursor is the last key seen, not a position: what appears or disappears
 * between two pages shifts nothing. `scope` ties it to the question it came from.
 */
export function takePage<Item>(
  items: readonly Item[],
  options: { keyOf(item: Item): string; limit: number; scope: string; cursor: string | undefined },
): Page<Item> {
  const after = options.cursor === undefined ? undefined : decodeCursor(options.cursor, options.scope);
  const sorted = items.map((item) => ({ item, key: options.keyOf(item) })).toSorted((a, b) => compare(a.key, b.key));
  const rest = after === undefined ? sorted : sorted.filter(({ key }) => compare(key, after) > 0);
  const page = rest.slice(0, options.limit);
  const last = page.at(-1);
  const more = last !== undefined && rest.length > page.length;
  return { items: page.map(({ item }) => item), next: more ? encodeCursor(last.key, options.scope) : undefined };
}

/** By code unit: the order must not depend on the machine's language. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function encodeCursor(key: string, scope: string): string {
  return Buffer.from(JSON.stringify([scope, key])).toString("base64url");
}

function decodeCursor(cursor: string, scope: string): string {
  const parsed = parseJson(Buffer.from(cursor, "base64url").toString("utf8"));
  if (Array.isArray(parsed) && parsed.length === 2 && parsed[0] === scope && typeof parsed[1] === "string")
    return parsed[1];
  throw new AppError("invalid_input", "The cursor does not belong to this question.", {
    hint: "Use nextPage as it was given, with the same kind and filter; or leave cursor out.",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
