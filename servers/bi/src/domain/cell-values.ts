import { type DuckDBType, DuckDBTypeId, type DuckDBValue, type Json, JsonDuckDBValueConverter } from "@duckdb/node-api";

/** One value of an answer. Whole numbers beyond ±2^53, decimals, dates and times are texts: they stay exact. */
export type Cell = string | number | boolean | null;

export const maxCellLength = 4_000;

/** The value as JSON can carry it without loss. Lists, structs and maps become JSON text. */
export function toCell(value: DuckDBValue, type: DuckDBType): Cell {
  if (value === null) return null;
  if (typeof value === "boolean") return value;
  if (typeof value === "bigint") return toWholeNumber(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string") return cut(value);
  return cut(isNested(type) ? JSON.stringify(toNested(value, type)) : String(value));
}

/** Inside lists and structs too, a whole number is a number as long as that is exact. */
function toNested(value: DuckDBValue, type: DuckDBType): Json {
  return typeof value === "bigint" ? toWholeNumber(value) : JsonDuckDBValueConverter(value, type, toNested);
}

function toWholeNumber(value: bigint): Cell {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function isNested(type: DuckDBType): boolean {
  return nested.has(type.typeId);
}

const nested: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.ARRAY,
  DuckDBTypeId.LIST,
  DuckDBTypeId.MAP,
  DuckDBTypeId.STRUCT,
  DuckDBTypeId.UNION,
  DuckDBTypeId.VARIANT,
]);

/** A cut text says so: it must not pass for the whole. */
function cut(text: string): string {
  if (text.length <= maxCellLength) return text.toWellFormed();
  return `${text.slice(0, maxCellLength).toWellFormed()}… (cut: ${text.length} characters)`;
}
