import type { EscDiagnostic, EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import { emptyRange, type EscPosition, type EscRange } from "@sophia/core/secrets/esc/range";
import type { EscRepr, EscValue } from "@sophia/core/secrets/esc/value";
import type {
  WireAccessor,
  WireExpression,
  WireInterpolation,
  WirePropertyAccessor,
} from "@sophia/core/secrets/esc/wire-expression";
import { parseWireSchema } from "./parse-wire-schema.ts";
import { isWireNumber, isWireObject, type WireJson, type WireObject } from "./parse-wire-json.ts";

/**
 * An environment as `open` and `check` answer it, whole: each value with its flags and traces. (The SDK's own helper
 * loses them, and takes a key named `value` for a value.)
 */
export function parseEnvironment(wire: WireJson): EscEnvironment {
  const root = isWireObject(wire) ? wire : {};
  const context = isWireObject(root["executionContext"]) ? root["executionContext"] : {};
  return {
    exprs: parseMap(root["exprs"], parseExpression),
    properties: parseMap(root["properties"], parseValue),
    schema: parseWireSchema(root["schema"]),
    executionContext: {
      properties: parseMap(context["properties"], parseValue),
      schema: parseWireSchema(context["schema"]),
    },
  };
}

export function parseValue(wire: WireJson): EscValue {
  const value = isWireObject(wire) ? wire : {};
  const trace = isWireObject(value["trace"]) ? value["trace"] : {};
  return {
    value: parseRepr(value["value"]),
    ...(value["secret"] === true && { secret: true }),
    ...(value["unknown"] === true && { unknown: true }),
    trace: {
      def: parseRange(trace["def"]),
      ...(trace["base"] !== undefined && { base: parseValue(trace["base"]) }),
    },
  };
}

/** What is wrong with a definition, from the body of an answer. A severity that is not told means error. */
export function parseDiagnostics(wire: WireJson | undefined): EscDiagnostic[] {
  const list = isWireObject(wire) ? wire["diagnostics"] : undefined;
  if (!Array.isArray(list)) return [];
  return list.filter(isWireObject).map((each) => ({
    severity: each["severity"] === "warning" ? "warning" : "error",
    summary: text(each["summary"]) ?? "",
    ...optional("detail", text(each["detail"])),
    ...optional("path", text(each["path"])),
    ...(isWireObject(each["range"]) && { range: parseRange(each["range"]) }),
  }));
}

function parseRepr(wire: WireJson | undefined): EscRepr {
  if (wire === undefined) return null;
  if (Array.isArray(wire)) return wire.map(parseValue);
  return isWireObject(wire) ? parseMap(wire, parseValue) : wire;
}

function parseExpression(wire: WireJson): WireExpression {
  const root = isWireObject(wire) ? wire : {};
  const { literal, interpolate, symbol, list, object, keyRanges } = root;
  return {
    range: parseRange(root["range"]),
    ...(root["schema"] !== undefined && { schema: parseWireSchema(root["schema"]) }),
    ...(root["base"] !== undefined && { base: parseExpression(root["base"]) }),
    ...(keyRanges !== undefined && { keyRanges: parseMap(keyRanges, parseRange) }),
    ...((typeof literal === "boolean" || typeof literal === "string" || isWireNumber(literal)) && { literal }),
    ...(Array.isArray(interpolate) && { interpolate: interpolate.map(parseInterpolation) }),
    ...(Array.isArray(symbol) && { symbol: symbol.map(parsePropertyAccessor) }),
    ...(isWireObject(root["access"]) && { access: parseAccess(root["access"]) }),
    ...(Array.isArray(list) && { list: list.map(parseExpression) }),
    ...(isWireObject(object) && { object: parseMap(object, parseExpression) }),
    ...(isWireObject(root["builtin"]) && { builtin: parseBuiltin(root["builtin"]) }),
  };
}

function parseInterpolation(wire: WireJson): WireInterpolation {
  const root = isWireObject(wire) ? wire : {};
  const value = root["value"];
  return { text: text(root["text"]) ?? "", value: Array.isArray(value) ? value.map(parsePropertyAccessor) : [] };
}

function parseAccess(root: WireObject): NonNullable<WireExpression["access"]> {
  const { accessors } = root;
  return {
    receiver: parseRange(root["receiver"]),
    accessors: Array.isArray(accessors) ? accessors.map(parseAccessor) : [],
  };
}

function parseBuiltin(root: WireObject): NonNullable<WireExpression["builtin"]> {
  return {
    name: text(root["name"]) ?? "",
    nameRange: parseRange(root["nameRange"]),
    argSchema: parseWireSchema(root["argSchema"]),
    arg: parseExpression(root["arg"] ?? null),
  };
}

function parseAccessor(wire: WireJson): WireAccessor {
  const root = isWireObject(wire) ? wire : {};
  const { key, index } = root;
  return {
    ...optional("key", text(key)),
    ...(isWireNumber(index) && { index: Number(index.number) }),
    range: parseRange(root["range"]),
  };
}

function parsePropertyAccessor(wire: WireJson): WirePropertyAccessor {
  const root = isWireObject(wire) ? wire : {};
  return { ...parseAccessor(wire), value: parseRange(root["value"]) };
}

function parseRange(wire: WireJson | undefined): EscRange {
  if (!isWireObject(wire)) return emptyRange("");
  return {
    ...optional("environment", text(wire["environment"])),
    begin: parsePosition(wire["begin"]),
    end: parsePosition(wire["end"]),
  };
}

function parsePosition(wire: WireJson | undefined): EscPosition {
  const root = isWireObject(wire) ? wire : {};
  const read = (name: string): number => (isWireNumber(root[name]) ? Number(root[name].number) : 0);
  return { line: read("line"), column: read("column"), byte: read("byte") };
}

function parseMap<Item>(wire: WireJson | undefined, parse: (item: WireJson) => Item): Map<string, Item> {
  return new Map(isWireObject(wire) ? Object.entries(wire).map(([key, item]) => [key, parse(item)]) : []);
}

function text(value: WireJson | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function optional<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, string>>);
}
