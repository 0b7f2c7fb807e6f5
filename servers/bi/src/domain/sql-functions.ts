/**
 * Functions a query may use in FROM. Everything else that can stand there reads files, runs SQL given as text, or
 * shows the engine's inner state. https://duckdb.org/docs/stable/sql/query_syntax/from
 */
const allowedTableFunctions: ReadonlySet<string> = new Set([
  "generate_series",
  "json_each",
  "json_tree",
  "range",
  "repeat",
  "repeat_row",
  "unnest",
]);

/** Scalar functions that leak settings, keep state, wait, write, or take SQL or engine internals as an argument. */
const deniedFunctions: ReadonlySet<string> = new Set([
  "combine",
  "current_connection_id",
  "current_query",
  "current_query_id",
  "current_setting",
  "current_transaction_id",
  "currval",
  "finalize",
  "get_block_size",
  "getenv",
  "getvariable",
  "in_search_path",
  "is_histogram_other_bin",
  "json_deserialize_sql",
  "json_execute_serialized_sql",
  "json_serialize_plan",
  "json_serialize_sql",
  "nextval",
  "parse_duckdb_log_message",
  "query",
  "query_table",
  "set_config",
  "setseed",
  "sleep_ms",
  "stats",
  "txid_current",
  "vector_type",
  "write_log",
]);

const deniedPrefixes = /^(?:__internal|pg_|has_|inet_|read_|duckdb_|pragma_|parquet_|arrow_|sniff_)/;
const allowedDespitePrefix: ReadonlySet<string> = new Set(["pg_typeof", "pg_size_pretty"]);

/** Window functions are syntax, not catalogue entries. https://duckdb.org/docs/stable/sql/functions/window_functions */
const windowFunctions: ReadonlySet<string> = new Set([
  "cume_dist",
  "dense_rank",
  "fill",
  "first_value",
  "lag",
  "last_value",
  "lead",
  "nth_value",
  "ntile",
  "percent_rank",
  "rank",
  "rank_dense",
  "row_number",
]);

/** Parser-made names the catalogue does not list. */
const syntaxFunctions: ReadonlySet<string> = new Set(["columns", "grouping", "grouping_id", "try_cast", "unnest"]);

export type FunctionPlace = "from" | "scalar" | "window";

export type FunctionVerdict = "allowed" | "denied" | "unknown";

/** May a query call `name` in this place? `known` are the engine's own scalar, aggregate and macro names. */
export function judgeFunction(name: string, place: FunctionPlace, known: ReadonlySet<string>): FunctionVerdict {
  const lower = name.toLowerCase();
  if (place === "from") return allowedTableFunctions.has(lower) ? "allowed" : "denied";
  if (deniedFunctions.has(lower)) return "denied";
  if (deniedPrefixes.test(lower) && !allowedDespitePrefix.has(lower)) return "denied";
  if (known.has(lower) || syntaxFunctions.has(lower)) return "allowed";
  return place === "window" && windowFunctions.has(lower) ? "allowed" : "unknown";
}
