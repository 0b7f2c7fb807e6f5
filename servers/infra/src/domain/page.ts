import { readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";

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
  const after = readCursor(options.cursor, options.scope, z.string());
  const sorted = items.map((item) => ({ item, key: options.keyOf(item) })).toSorted((a, b) => compare(a.key, b.key));
  const rest = after === undefined ? sorted : sorted.filter(({ key }) => compare(key, after) > 0);
  const page = rest.slice(0, options.limit);
  const last = page.at(-1);
  const more = last !== undefined && rest.length > page.length;
  return { items: page.map(({ item }) => item), next: more ? toCursor(last.key, options.scope) : undefined };
}

/** By code unit: the order must not depend on the machine's language. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
