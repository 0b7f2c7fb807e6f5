import { spendNodes } from "./scope.ts";
import type { Run } from "./scope.ts";
import type { NodeSyntax } from "../syntax/syntax-node.ts";
import type { ValueNode, ValueRepr } from "./nodes.ts";

// What was worked out of the value's own bases and properties does not hold for the copy.
const fresh = { rotateOnly: false, mergedKeys: undefined, exported: undefined, index: undefined, level: 0 };

/** A copy of a value and of all in and below it, so that merging does not change what others see. */
export function copyValue(run: Run, value: ValueNode, syntax: NodeSyntax): ValueNode {
  return copy({ run, syntax, seen: new Map() }, value);
}

interface Copying {
  run: Run;
  /** Who copies. */
  syntax: NodeSyntax;
  seen: Map<ValueNode, ValueNode>;
}

function copy(copying: Copying, value: ValueNode): ValueNode {
  const { run, syntax, seen } = copying;
  const known = seen.get(value);
  if (known !== undefined) return known;
  spendNodes(run, 1, syntax);
  const copied: ValueNode = { ...value, ...fresh };
  seen.set(value, copied);
  copied.base = copyBase(copying, value);
  copied.repr = copyRepr(copying, value.repr);
  return copied;
}

/** Bases can lie a thousand deep: those of one value are copied in a loop, its lowest first. */
function copyBase(copying: Copying, value: ValueNode): ValueNode | undefined {
  const { seen } = copying;
  const bases: ValueNode[] = [];
  for (let base = value.base; base !== undefined && !seen.has(base); base = base.base) bases.push(base);
  for (const base of bases.toReversed()) copy(copying, base);
  return value.base === undefined ? undefined : seen.get(value.base);
}

function copyRepr(copying: Copying, repr: ValueRepr): ValueRepr {
  if (Array.isArray(repr)) return repr.map((element) => copy(copying, element));
  if (!(repr instanceof Map)) return repr;
  return new Map([...repr].map(([key, property]) => [key, copy(copying, property)]));
}
