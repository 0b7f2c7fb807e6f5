/** Words DuckDB reserves in places where a bare table name may stand, and prefixes that mean the engine's own tables. */
const reserved: ReadonlySet<string> = new Set(
  "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable desc describe distinct do else end except false fetch for foreign from grant group having in initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary qualify references returning select show some summarize symmetric table then to trailing true union unique unpivot using variadic when where window with".split(
    " ",
  ),
);
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
  return /^[0-9]/.test(plain) || reserved.has(plain) || enginePrefix.test(plain) ? `t_${plain}` : plain;
}
