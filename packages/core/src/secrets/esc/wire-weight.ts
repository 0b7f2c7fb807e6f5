import type { EscEnvironment } from "./evaluation.ts";
import type { EscValue } from "./value.ts";
import type { WireExpression } from "./wire-expression.ts";

/**
 * How many nodes an environment has when everything that is shared is written out. Bases share a lot: where a thousand
 * imports override the same nested objects, that is a number nobody can write.
 */
export function weighEnvironment({ exprs, properties }: EscEnvironment): number {
  const values = createScale<EscValue>({ partsOf: partsOfValue, baseOf: ({ trace }) => trace.base });
  const expressions = createScale<WireExpression>({ partsOf: partsOfExpression, baseOf: ({ base }) => base });
  let weight = 0;
  for (const value of properties.values()) weight += values(value);
  for (const expression of exprs.values()) weight += expressions(expression);
  return weight;
}

function createScale<Node extends object>({
  partsOf,
  baseOf,
}: {
  partsOf: (node: Node) => Iterable<Node>;
  baseOf: (node: Node) => Node | undefined;
}): (node: Node) => number {
  const weights = new Map<Node, number>();
  const weigh = (node: Node): number => {
    const unweighed: Node[] = [];
    // The lowest base first: they can lie a thousand deep.
    for (let at: Node | undefined = node; at !== undefined && !weights.has(at); at = baseOf(at)) unweighed.push(at);
    for (const at of unweighed.toReversed()) {
      const base = baseOf(at);
      let weight = 1 + (base === undefined ? 0 : (weights.get(base) ?? 0));
      for (const part of partsOf(at)) weight += weigh(part);
      weights.set(at, weight);
    }
    return weights.get(node) ?? 0;
  };
  return weigh;
}

function partsOfValue({ value }: EscValue): Iterable<EscValue> {
  if (Array.isArray(value)) return value as readonly EscValue[];
  return value instanceof Map ? (value as ReadonlyMap<string, EscValue>).values() : [];
}

function partsOfExpression({ list, object, builtin }: WireExpression): WireExpression[] {
  const parts = [...(list ?? []), ...(object?.values() ?? [])];
  return builtin === undefined ? parts : [...parts, builtin.arg];
}
