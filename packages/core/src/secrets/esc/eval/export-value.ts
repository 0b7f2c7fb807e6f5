import { emptyRange } from "../range.ts";
import type { EscRange } from "../range.ts";
import type { EscRepr, EscValue } from "../value.ts";
import type { ExpressionNode, ValueNode } from "./nodes.ts";
import { keysOf, propertiesOf } from "./value-tree.ts";

/** Where an expression stands; only the environment's name for one without a source. */
export function definitionRange(def: ExpressionNode, environment: string): EscRange {
  return def.form.syntax.range ?? emptyRange(environment);
}

/** A value as others see it, with the bases that it was merged over. Made once for each value. */
export function exportValue(value: ValueNode, environment: string): EscValue {
  if (value.exported !== undefined) return value.exported;
  // What it holds comes first: what it has from its base is told as its own.
  const repr = exportRepr(value, environment);
  for (const base of unexportedBases(value)) finish(base, exportRepr(base, "<import>"), "<import>");
  return finish(value, repr, environment);
}

/** The properties of a root value, without its own place and bases. */
export function exportProperties(value: ValueNode, environment: string): ReadonlyMap<string, EscValue> {
  return exportMap(value, environment);
}

/** The lowest first, so that each finds its own base ready: they can lie a thousand deep. */
function unexportedBases(value: ValueNode): ValueNode[] {
  const bases: ValueNode[] = [];
  for (let base = value.base; base !== undefined && base.exported === undefined; base = base.base) bases.push(base);
  return bases.toReversed();
}

function finish(value: ValueNode, repr: EscRepr, environment: string): EscValue {
  const trace: EscValue["trace"] = { def: definitionRange(value.def, environment) };
  if (value.base?.exported !== undefined) trace.base = value.base.exported;
  const exported: EscValue = { value: repr, trace };
  if (value.secret) exported.secret = true;
  if (value.unknown) exported.unknown = true;
  value.exported = exported;
  return exported;
}

function exportRepr(value: ValueNode, environment: string): EscRepr {
  const { repr } = value;
  if (Array.isArray(repr)) return repr.map((element) => exportValue(element, environment));
  return repr instanceof Map ? exportMap(value, environment) : repr;
}

function exportMap(value: ValueNode, environment: string): Map<string, EscValue> {
  const exported = new Map<string, EscValue>();
  if (keysOf(value).length === 0) return exported;
  for (const [key, property] of propertiesOf(value)) exported.set(key, exportValue(property, environment));
  return exported;
}
