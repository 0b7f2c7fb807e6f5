import { spendNodes } from "./scope.ts";
import type { Run } from "./scope.ts";
import type { ValueNode, ValueRepr } from "./nodes.ts";

// What was worked out of the value's own bases and properties does not hold for the copy.
const fresh = { rotateOnly: false, mergedKeys: undefined, exported: undefined, index: undefined, level: 0 };

/** A copy of a value and of all in and below it, so that merging does not change what others see. */
export function copyValue(run: Run, value: ValueNode): ValueNode {
  return copy(run, value, new Map());
}

function copy(run: Run, value: ValueNode, seen: Map<ValueNode, ValueNode>): ValueNode {
  const known = seen.get(value);
  if (known !== undefined) return known;
  spendNodes(run, 1, value.def.form.syntax);
  const copied: ValueNode = { ...value, ...fresh };
  seen.set(value, copied);
  copied.base = copyBase(run, value, seen);
  copied.repr = copyRepr(run, value.repr, seen);
  return copied;
}

/** Bases can lie a thousand deep: those of one value are copied in a loop, its lowest first. */
function copyBase(run: Run, value: ValueNode, seen: Map<ValueNode, ValueNode>): ValueNode | undefined {
  const bases: ValueNode[] = [];
  for (let base = value.base; base !== undefined && !seen.has(base); base = base.base) bases.push(base);
  for (const base of bases.toReversed()) copy(run, base, seen);
  return value.base === undefined ? undefined : seen.get(value.base);
}

function copyRepr(run: Run, repr: ValueRepr, seen: Map<ValueNode, ValueNode>): ValueRepr {
  if (Array.isArray(repr)) return repr.map((element) => copy(run, element, seen));
  if (!(repr instanceof Map)) return repr;
  return new Map([...repr].map(([key, property]) => [key, copy(run, property, seen)]));
}
