import type { EscEnvironment } from "./evaluation.ts";
import type { EscRange } from "./range.ts";
import { schemaToJson } from "./schema/schema-to-json.ts";
import type { Schema } from "./schema/schema.ts";
import { rawNumber, toJsonObject } from "./to-json.ts";
import type { EscValue } from "./value.ts";
import { weighEnvironment } from "./wire-weight.ts";
import type { WireAccessor, WireExpression, WirePropertyAccessor } from "./wire-expression.ts";

type Json = Record<string, unknown>;

export interface WireOptions {
  /** Replace secrets by "[secret]", in schemas and expressions too. Otherwise all is shown, as the REST contract has it. */
  redact?: boolean;
}

// Beyond this many nodes an environment is written without its bases.
const maxNodes = 500_000;

interface Converter {
  redact: boolean;
  hasBases: boolean;
  values: Map<EscValue, unknown>;
  expressions: Map<WireExpression, unknown>;
  schemas: Map<Schema, unknown>;
}

/**
 * An environment in the shape of the REST contract, for `JSON.stringify`: numbers are written by their text. What was
 * overridden (`base`) is left out where there is more of it than can be written.
 */
export function toWire(environment: EscEnvironment, options: WireOptions = {}): Json {
  const converter: Converter = {
    redact: options.redact === true,
    hasBases: weighEnvironment(environment) <= maxNodes,
    values: new Map(),
    expressions: new Map(),
    schemas: new Map(),
  };
  const { exprs, properties, schema, executionContext } = environment;
  return omitEmpty({
    exprs: convertMap(exprs, (expression) => convertExpression(converter, expression)),
    properties: convertMap(properties, (value) => convertValue(converter, value)),
    schema: convertSchema(converter, schema),
    executionContext: omitEmpty({
      properties: convertMap(executionContext.properties, (value) => convertValue(converter, value)),
      schema: convertSchema(converter, executionContext.schema),
    }),
  });
}

/** One value in the shape of the REST contract. */
export function valueToWire(value: EscValue, options: WireOptions = {}): unknown {
  const redact = options.redact === true;
  return convertValue({ redact, hasBases: true, values: new Map(), expressions: new Map(), schemas: new Map() }, value);
}

function convertMap<Item>(map: ReadonlyMap<string, Item>, convert: (item: Item) => unknown): Json | undefined {
  if (map.size === 0) return undefined;
  return convertWholeMap(map, convert);
}

function convertWholeMap<Item>(map: ReadonlyMap<string, Item>, convert: (item: Item) => unknown): Json {
  const json = Object.create(null) as Json;
  for (const [key, item] of map) json[key.toWellFormed()] = convert(item);
  return json;
}

function omitEmpty(json: Json): Json {
  for (const [key, value] of Object.entries(json)) if (value === undefined) delete json[key];
  return json;
}

function convertSchema(converter: Converter, schema: Schema): unknown {
  const known = converter.schemas.get(schema);
  if (known !== undefined) return known;
  const json = schemaToJson(schema, { hideConstants: converter.redact });
  converter.schemas.set(schema, json);
  return json;
}

function convertValue(converter: Converter, value: EscValue): unknown {
  const known = converter.values.get(value);
  if (known !== undefined) return known;
  const trace: Json = { def: convertRange(value.trace.def) };
  const json: Json = { trace };
  converter.values.set(value, json);
  if (value.secret) json["secret"] = true;
  if (value.unknown) json["unknown"] = true;
  const held = value.secret && converter.redact ? "[secret]" : convertRepr(converter, value);
  if (held !== null) json["value"] = held;
  convertBase(converter, value, trace);
  return json;
}

/** The lowest base first: they can lie a thousand deep. */
function convertBase(converter: Converter, value: EscValue, trace: Json): void {
  if (!converter.hasBases) return;
  const bases: EscValue[] = [];
  for (let base = value.trace.base; base !== undefined && !converter.values.has(base); base = base.trace.base) {
    bases.push(base);
  }
  for (const base of bases.toReversed()) convertValue(converter, base);
  if (value.trace.base !== undefined) trace["base"] = converter.values.get(value.trace.base);
}

function convertRepr(converter: Converter, { value }: EscValue): unknown {
  if (Array.isArray(value)) return (value as readonly EscValue[]).map((item) => convertValue(converter, item));
  if (value instanceof Map) {
    return convertWholeMap(value as ReadonlyMap<string, EscValue>, (item) => convertValue(converter, item));
  }
  if (value === null || typeof value === "boolean") return value;
  return typeof value === "string" ? value.toWellFormed() : rawNumber((value as { number: string }).number);
}

function convertRange({ environment, begin, end }: EscRange): Json {
  return environment === undefined ? { begin, end } : { environment, begin, end };
}

function convertExpression(converter: Converter, expression: WireExpression): unknown {
  const known = converter.expressions.get(expression);
  if (known !== undefined) return known;
  const json: Json = {};
  converter.expressions.set(expression, json);
  const bases: WireExpression[] = [];
  for (
    let base = converter.hasBases ? expression.base : undefined;
    base && !converter.expressions.has(base);
    base = base.base
  )
    bases.push(base);
  for (const base of bases.toReversed()) convertExpression(converter, base);
  Object.assign(json, convertParts(converter, expression));
  return omitEmpty(json);
}

function convertParts(converter: Converter, expression: WireExpression): Json {
  const { schema, base, keyRanges, literal, interpolate, symbol, access, list, object, builtin } = expression;
  if (converter.redact && expression.isSecret) return { range: convertRange(expression.range) };
  const inner = (part: WireExpression): unknown => convertExpression(converter, part);
  return {
    range: convertRange(expression.range),
    schema: schema && convertSchema(converter, schema),
    base: base && converter.hasBases ? converter.expressions.get(base) : undefined,
    keyRanges: keyRanges && convertMap(keyRanges, convertRange),
    literal: literal === undefined ? undefined : toJsonObject(literal),
    interpolate: interpolate?.length
      ? interpolate.map(({ text, value }) =>
          omitEmpty({
            text: text === "" ? undefined : text,
            value: value.length === 0 ? undefined : value.map(convertPropertyAccessor),
          }),
        )
      : undefined,
    symbol: symbol?.length ? symbol.map(convertPropertyAccessor) : undefined,
    access: access && { receiver: convertRange(access.receiver), accessors: access.accessors.map(convertAccessor) },
    list: list?.length ? list.map(inner) : undefined,
    object: object && convertMap(object, inner),
    builtin: builtin && {
      name: builtin.name,
      nameRange: convertRange(builtin.nameRange),
      argSchema: convertSchema(converter, builtin.argSchema),
      arg: convertExpression(converter, builtin.arg),
    },
  };
}

function convertAccessor({ key, index, range }: WireAccessor): Json {
  return omitEmpty({ index, key, range: convertRange(range) });
}

function convertPropertyAccessor(accessor: WirePropertyAccessor): Json {
  return { ...convertAccessor(accessor), value: convertRange(accessor.value) };
}
