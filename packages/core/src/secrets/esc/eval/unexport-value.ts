import {
  booleanSchema,
  nullSchema,
  numberSchema,
  recordSchema,
  stringSchema,
  tupleSchema,
} from "../schema/build-schema.ts";
import type { Schema } from "../schema/schema.ts";
import { isEscNumber } from "../value.ts";
import type { EscValue } from "../value.ts";
import { createValue } from "./nodes.ts";
import type { ExpressionNode, ValueNode, ValueRepr } from "./nodes.ts";
import { checkDepth, spendNodes } from "./scope.ts";
import type { Run } from "./scope.ts";

/** What a provider, a rotator or a JSON text returned → a value of the expression that asked for it. */
export function unexportValue(run: Run, value: EscValue, def: ExpressionNode): ValueNode {
  return convert(run, { value, def, level: 0 });
}

interface Conversion {
  value: EscValue;
  def: ExpressionNode;
  level: number;
}

function convert(run: Run, { value, def, level }: Conversion): ValueNode {
  const { syntax } = def.form;
  spendNodes(run, 1, syntax);
  checkDepth(run, level, syntax);
  const inner = (item: EscValue): ValueNode => convert(run, { value: item, def, level: level + 1 });
  const { repr, schema, depth } = convertRepr(value, inner);
  const secret = value.secret === true || def.secret;
  return createValue(def, schema, { repr, depth, secret, unknown: value.unknown === true });
}

function convertRepr(
  { value }: EscValue,
  inner: (item: EscValue) => ValueNode,
): { repr: ValueRepr; schema: Schema; depth: number } {
  if (value === null) return { repr: null, schema: nullSchema(), depth: 0 };
  if (typeof value === "boolean") return { repr: value, schema: booleanSchema(value), depth: 0 };
  if (typeof value === "string") return { repr: value, schema: stringSchema(value), depth: 0 };
  if (value instanceof Map) {
    const repr = new Map([...(value as ReadonlyMap<string, EscValue>)].map(([key, item]) => [key, inner(item)]));
    const schemas = new Map([...repr].map(([key, item]) => [key, item.schema]));
    return { repr, schema: recordSchema(schemas), depth: depthAbove(repr.values()) };
  }
  if (Array.isArray(value)) {
    const repr = (value as readonly EscValue[]).map(inner);
    return { repr, schema: tupleSchema(repr.map(({ schema }) => schema)), depth: depthAbove(repr) };
  }
  if (isEscNumber(value)) return { repr: value, schema: numberSchema(value), depth: 0 };
  return { repr: null, schema: nullSchema(), depth: 0 };
}

/** The depth of a list or object by those of its parts. */
export function depthAbove(parts: Iterable<ValueNode>): number {
  let depth = 0;
  for (const part of parts) depth = Math.max(depth, part.depth);
  return depth + 1;
}
