import type { ValueNode } from "./nodes.ts";

/**
 * What a row of objects holds, each lying over the one before: the levels at which a key is found, lowest first. A row
 * grows at its top only, and all that lie in it share the index.
 */
export interface BaseIndex {
  top: number;
  levels: Map<string, { level: number; value: ValueNode }[]>;
  /** What the lowest object lies on, if anything: no object. */
  floor: ValueNode | undefined;
}

/** Looks a key up in an object and all below it. Without an index, a thousand imports would cost a million steps. */
export function findInBases(object: ValueNode, key: string): { found?: ValueNode; floor: ValueNode | undefined } {
  const index = indexOf(object);
  const found = index.levels.get(key)?.findLast((entry) => entry.level <= object.level)?.value;
  return found === undefined ? { floor: index.floor } : { found, floor: index.floor };
}

function indexOf(object: ValueNode): BaseIndex {
  const missing: ValueNode[] = [];
  let at: ValueNode | undefined = object;
  let index: BaseIndex | undefined;
  while (at !== undefined && at.repr instanceof Map) {
    // A branch that leaves a row in its middle gets an index of its own.
    const isUsable = at.index !== undefined && (at === object || at.index.top === at.level);
    if (isUsable) {
      index = at.index;
      break;
    }
    missing.push(at);
    at = at.base;
  }
  index ??= { top: -1, levels: new Map(), floor: at };
  for (const node of missing.toReversed()) addToTop(index, node);
  return index;
}

function addToTop(index: BaseIndex, node: ValueNode): void {
  index.top += 1;
  node.index = index;
  node.level = index.top;
  if (!(node.repr instanceof Map)) return;
  for (const [key, value] of node.repr) {
    const levels = index.levels.get(key);
    if (levels === undefined) index.levels.set(key, [{ level: index.top, value }]);
    else levels.push({ level: index.top, value });
  }
}
