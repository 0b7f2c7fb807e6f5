import { AppError } from "@sophia/core/errors/app-error";
import { nearestName } from "./nearest-name.ts";

interface EngineError {
  exception_type?: string;
  exception_message?: string;
  position?: string;
  error_subtype?: string;
  type?: string;
  name?: string;
}

/** Columns of the tables a query reads, for hints. */
export type ColumnsByTable = ReadonlyMap<string, readonly string[]>;

/**
 * The engine's error in our own words. Names out of the user's SQL may be repeated, cut and cleaned; values out of
 * the data, and paths, may not. The engine's text goes along as the cause.
 */
export function translateEngineError(thrown: unknown, columns: ColumnsByTable): AppError {
  if (thrown instanceof AppError) return thrown;
  const raw = thrown instanceof Error ? thrown.message : String(thrown);
  const error = parseEngineError(raw);
  const type = (error.exception_type ?? "").toLowerCase();
  const text = error.exception_message ?? raw;
  const at = position(error);
  const make = (message: string, hint?: string): AppError =>
    new AppError("invalid_input", `${message}${at}.`, { ...(hint === undefined ? {} : { hint }), cause: thrown });
  if (type === "interrupt")
    return new AppError("timeout", "The query was stopped.", { cause: thrown, retryable: false });
  if (type === "out of memory") {
    return new AppError("invalid_input", "The query needed more memory than one query may use.", {
      hint: "Aggregate or filter earlier, select fewer columns, or sort fewer rows.",
      cause: thrown,
    });
  }
  if (type === "permission")
    return new AppError("denied", "The engine refused: queries cannot touch files or settings.", { cause: thrown });
  if (type === "binder" || type === "catalog") return translateBinder(error, text, columns, make);
  if (type === "conversion")
    return make(
      "A value could not be converted to the type asked for",
      "Use TRY_CAST(… AS …), which gives NULL instead, or filter the odd values first.",
    );
  if (type === "out of range")
    return make(
      "A number went out of its type's range",
      "Cast to a wider type first, e.g. CAST(x AS HUGEINT) or CAST(x AS DOUBLE).",
    );
  if (type === "parser" || type === "syntax") return make("The SQL has a syntax error");
  if (type === "invalid input")
    return make("The engine refused an argument in the query", "Check the functions' arguments and formats.");
  if (type === "not implemented") return make("DuckDB has no such form", "Write it another way.");
  return new AppError("internal", "The engine could not run this query.", {
    hint: "Rewrite it in a simpler form.",
    cause: thrown,
  });
}

function parseEngineError(raw: string): EngineError {
  const start = raw.indexOf("{");
  if (start === -1) return { exception_message: raw, exception_type: /^(\w[\w ]*) Error:/.exec(raw)?.[1] ?? "" };
  try {
    return JSON.parse(raw.slice(start)) as EngineError;
  } catch {
    // Some messages carry braces but are not JSON: fall back to the prefix.
    return { exception_message: raw, exception_type: /^(\w[\w ]*) Error:/.exec(raw)?.[1] ?? "" };
  }
}

function translateBinder(
  error: EngineError,
  text: string,
  columns: ColumnsByTable,
  make: (message: string, hint?: string) => AppError,
): AppError {
  if (error.error_subtype === "COLUMN_NOT_FOUND" || /Referenced column|does not have a column/.test(text))
    return unknownColumn(error, text, columns, make);
  const ambiguous = /Ambiguous reference to column name "([^"]{1,64})"/.exec(text)?.[1];
  if (ambiguous)
    return make(
      `The column ${clean(ambiguous)} is in more than one of the tables`,
      "Write it with its table: t.column.",
    );
  const ungrouped = /column "([^"]{1,64})" must appear in the GROUP BY/.exec(text)?.[1];
  if (ungrouped)
    return make(
      `The column ${clean(ungrouped)} is neither grouped nor aggregated`,
      "Add it to GROUP BY, wrap it in an aggregate such as any_value(), or use GROUP BY ALL.",
    );
  const missingTable = /Referenced table "([^"]{1,64})" not found/.exec(text)?.[1];
  if (missingTable)
    return make(
      `There is no table or alias ${clean(missingTable)} in FROM`,
      "Give the table that alias, or use the alias it has.",
    );
  const call = /No function matches the given name and argument types '([\w ]{1,64})\(/.exec(text)?.[1];
  if (call)
    return make(
      `The function ${clean(call)} does not take arguments of these types`,
      "Cast the arguments, e.g. CAST(x AS DATE) or CAST(x AS DOUBLE).",
    );
  if (/aggregate|GROUP BY/i.test(text))
    return make(
      "An aggregate stands where it may not",
      "Aggregates belong in SELECT, HAVING or ORDER BY; filter them with HAVING.",
    );
  if (/subquery/i.test(text))
    return make(
      "A subquery gives more columns or rows than its place allows",
      "Return one column, and one row where a single value is meant.",
    );
  if (/set operations|UNION|same number/i.test(text))
    return make(
      "The parts of the UNION do not have the same columns",
      "Use UNION ALL BY NAME or select the same columns.",
    );
  if (/Cannot compare|Could not|cannot cast|type mismatch/i.test(text))
    return make("Two values of different types are compared or combined", "Cast one side.");
  return make(
    "The names or types in the query do not fit together",
    "Check tables, columns and types with describe_data.",
  );
}

function unknownColumn(
  error: EngineError,
  text: string,
  columns: ColumnsByTable,
  make: (message: string, hint?: string) => AppError,
): AppError {
  const name = error.name ?? /column (?:named )?"([^"]{1,64})"/.exec(text)?.[1] ?? "";
  const all = [...columns.values()].flat();
  const nearest = nearestName(name, all);
  if (nearest !== undefined) {
    const tables = [...columns].filter(([, names]) => names.includes(nearest)).map(([table]) => table);
    return make(
      `There is no column ${clean(name)}`,
      `Did you mean ${needsQuotes(nearest) ? `"${nearest}"` : nearest} of ${tables.join(", ")}?`,
    );
  }
  const listed = [...columns].map(([table, names]) => `${table}(${names.slice(0, 30).join(", ")})`).join("; ");
  return make(
    `There is no column ${clean(name)}`,
    listed ? `Columns: ${listed.slice(0, 1_500)}` : "describe_data lists the columns.",
  );
}

function needsQuotes(name: string): boolean {
  return !/^[a-z_][a-z0-9_]*$/.test(name);
}

function position(error: EngineError): string {
  const at = Number(error.position);
  return error.position !== undefined && Number.isInteger(at) ? ` (at character ${at + 1})` : "";
}

/** A name of the user's own, safe to repeat. */
function clean(name: string): string {
  return `"${name.replaceAll(/[^\p{L}\p{N}_ .-]/gu, "?").slice(0, 64)}"`;
}
