import { type DuckDBConnection, DuckDBTypeId } from "@duckdb/node-api";
import { type Cell, toCell } from "./cell-values.ts";
import { identifier } from "./sql-text.ts";
import type { ColumnProfile } from "./table-profile.ts";

const shownSamples = 5;
const maxShownText = 80;
/** Values of such columns are never shown as examples; a query still gives them to who asks. */
const personal =
  /pass(?:word|phrase)?|secret|token|api.?key|credential|ssn|iban|card|cvv|e.?mail|phone|mobile|birth|address/i;
const nestedTypes: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.ARRAY,
  DuckDBTypeId.BLOB,
  DuckDBTypeId.LIST,
  DuckDBTypeId.MAP,
  DuckDBTypeId.STRUCT,
  DuckDBTypeId.UNION,
  DuckDBTypeId.VARIANT,
]);

/**
 * Rows and, per column: type, NULL share, distinct values, range and frequent values. Distinct values are estimated,
 * but for columns named like keys: joins are suggested by those.
 */
export async function measureTable(
  connection: DuckDBConnection,
  table: string,
): Promise<{ rows: number; columns: ColumnProfile[] }> {
  const empty = await connection.runAndReadAll(`SELECT * FROM ${table} LIMIT 0`);
  const names = empty.columnNames();
  const types = empty.columnTypes();
  const parts = names.flatMap((name, index) => {
    const column = identifier(name);
    const plain = !nestedTypes.has(types[index]!.typeId);
    return [
      `count(${column}) AS count_${index}`,
      plain
        ? `${/(?:^|_)id$/i.test(name) ? "count(DISTINCT" : "approx_count_distinct("} ${column}) AS distinct_${index}`
        : `NULL AS distinct_${index}`,
      plain ? `min(${column}) AS min_${index}` : `NULL AS min_${index}`,
      plain ? `max(${column}) AS max_${index}` : `NULL AS max_${index}`,
      types[index]!.typeId === DuckDBTypeId.VARCHAR
        ? `approx_top_k(${column}, ${shownSamples})::VARCHAR[] AS top_${index}`
        : `NULL AS top_${index}`,
    ];
  });
  const reader = await connection.runAndReadAll(`SELECT count(*) AS total, ${parts.join(", ")} FROM ${table}`);
  const values = reader.getRows()[0] ?? [];
  const valueTypes = reader.columnTypes();
  const at = (index: number): Cell => shorten(toCell(values[index] ?? null, valueTypes[index]!));
  const rows = Number(at(0));
  const columns = names.map((name, index) => {
    const base = 1 + index * 5;
    const hidden = personal.test(name);
    const top = at(base + 4);
    const count = Number(at(base));
    return {
      name,
      type: String(types[index]),
      nullShare: rows === 0 ? 0 : Math.round((1 - count / rows) * 10_000) / 10_000,
      // The estimate is a few percent off and may exceed what is there.
      distinctCount: Math.min(Number(at(base + 1) ?? 0), count),
      min: hidden ? null : at(base + 2),
      max: hidden ? null : at(base + 3),
      samples: hidden || typeof top !== "string" ? [] : (JSON.parse(top) as (string | null)[]).map(shorten),
    };
  });
  return { rows, columns };
}

function shorten(cell: Cell): Cell {
  return typeof cell === "string" && cell.length > maxShownText && !cell.startsWith("[")
    ? `${cell.slice(0, maxShownText)}…`
    : cell;
}
