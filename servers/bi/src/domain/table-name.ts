import { reservedWords } from "./sql-text.ts";

/** Prefixes that mean the engine's own tables, and our sample. */
const enginePrefix = /^(?:pg_|duckdb_|sqlite_|information_schema|pragma_|sample_)/;
const maxLength = 60;

/** A table name that needs no quotes in SQL, made from a file's path inside its folder: `2024/Sales Q1.csv` → `sales_q1`. */
export function toTableName(relativePath: string): string {
  const base = relativePath.split(/[\\/]/).at(-1) ?? "";
  const stem = base.replace(/\.(?:csv|tsv|txt|json|ndjson|jsonl|parquet)$/i, "");
  const plain = stem
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, maxLength)
    .replace(/_+$/, "");
  if (plain === "") return "table_1";
  return /^[0-9]/.test(plain) || reservedWords.has(plain) || enginePrefix.test(plain) ? `t_${plain}` : plain;
}
