import { formatPropertyPath } from "../esc/property-path.ts";
import type { EscEnvironment } from "../esc/evaluation.ts";
import type { Schema } from "../esc/schema/schema.ts";
import { compareText } from "../esc/text/compare-text.ts";
import type { EscValue } from "../esc/value.ts";
import { isEscNumber } from "../esc/value.ts";

export type LeafType = "null" | "boolean" | "number" | "string" | "list" | "object" | "any";

/** One end of an environment's tree. A secret is a single leaf, whatever it holds: its keys are nobody's business. */
export interface Leaf {
  path: string;
  type: LeafType;
  /** It is a secret, or holds one. */
  secret: boolean;
  /** Only opening tells its value. */
  unknown: boolean;
  value: EscValue;
}

type Segment = string | number;

const schemaTypes: Readonly<Record<string, LeafType>> = {
  null: "null",
  boolean: "boolean",
  number: "number",
  string: "string",
  array: "list",
  object: "object",
};

/** The leaves of an environment, sorted by path at each level; lists are leaves unless `intoLists` is set. */
export function listLeaves(environment: EscEnvironment, options: { intoLists?: boolean } = {}): Leaf[] {
  const leaves: Leaf[] = [];

  function visit(value: EscValue, schema: Schema | undefined, segments: readonly Segment[]): void {
    const { value: repr } = value;
    if (value.secret !== true && value.unknown !== true) {
      if (repr instanceof Map && (repr.size > 0 || segments.length === 0)) {
        const entries = [...(repr as ReadonlyMap<string, EscValue>)].toSorted(([a], [b]) => compareText(a, b));
        for (const [key, inner] of entries) visit(inner, schema?.properties?.get(key), [...segments, key]);
        return;
      }
      if (Array.isArray(repr) && repr.length > 0 && options.intoLists === true) {
        for (const [index, item] of (repr as readonly EscValue[]).entries()) {
          visit(item, schema?.prefixItems?.[index] ?? schema?.items, [...segments, index]);
        }
        return;
      }
    }
    leaves.push({
      path: formatPropertyPath(segments),
      type: value.unknown === true ? (schemaTypes[schema?.type ?? ""] ?? "any") : typeOf(value),
      secret: holds(value, "secret"),
      unknown: holds(value, "unknown"),
      value,
    });
  }

  visit({ value: environment.properties, trace: emptyTrace }, environment.schema, []);
  return leaves;
}

const nowhere = { line: 0, column: 0, byte: 0 };
const emptyTrace = { def: { begin: nowhere, end: nowhere } };

function typeOf({ value }: EscValue): LeafType {
  if (value === null) return "null";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return "string";
  if (isEscNumber(value)) return "number";
  return Array.isArray(value) ? "list" : "object";
}

function holds(value: EscValue, flag: "secret" | "unknown"): boolean {
  if (value[flag] === true) return true;
  const { value: repr } = value;
  if (repr instanceof Map) return (repr as ReadonlyMap<string, EscValue>).values().some((inner) => holds(inner, flag));
  return Array.isArray(repr) && (repr as readonly EscValue[]).some((inner) => holds(inner, flag));
}
