import type { DuckDBConnection } from "@duckdb/node-api";
import { AppError } from "@sophia/core/errors/app-error";
import { decideColumnTypes } from "./column-types.ts";
import { identifier, literal } from "./sql-text.ts";
import type { StagedFile } from "./stage-file.ts";
import type { ImportGuess, RejectedLine } from "./table-profile.ts";

export interface LoadedFile {
  guesses: ImportGuess[];
  rejectedRows: number;
  rejectedExamples: RejectedLine[];
}

interface Dialect {
  delimiter: string;
  quote: string;
  escape: string;
  comment: string;
  skip: number;
  header: boolean;
  columns: string[];
}

const sniffRows = 200_000;
const shownRejects = 5;

/**
 * Reads a CSV into `target.main.data`, in two steps: every value as text, then the types that all values allow.
 * `work` is an attached scratch database. Lines that do not fit the columns are left out, counted and shown.
 */
export async function loadCsv(connection: DuckDBConnection, path: string, staged: StagedFile): Promise<LoadedFile> {
  const encoding = `encoding = ${literal(staged.encoding)}`;
  const dialect = await sniff(connection, path, encoding, staged);
  const names = dialect.columns;
  const columns = names.map((name) => `${literal(name)}: 'VARCHAR'`).join(", ");
  await connection.run(
    `CREATE TABLE work.main.raw AS SELECT * FROM read_csv(${literal(path)}, auto_detect = false, columns = {${columns}},
      delim = ${literal(dialect.delimiter)}, quote = ${literal(dialect.quote)}, escape = ${literal(dialect.escape)}, comment = ${literal(dialect.comment)},
      skip = ${dialect.skip}, header = ${dialect.header}, ${encoding}, store_rejects = true)`,
  );
  const rejected = await readRejects(connection);
  const decisions = await decideColumnTypes(connection, "work.main.raw", names);
  const select = decisions.map((decision) => `${decision.expression} AS ${identifier(decision.name)}`).join(", ");
  await connection.run(`CREATE TABLE target.main.data AS SELECT ${select} FROM work.main.raw`);
  await connection.run("DROP TABLE work.main.raw");
  return {
    ...rejected,
    guesses: [...dialectGuesses(dialect, staged), ...decisions.flatMap((decision) => decision.guesses)],
  };
}

async function sniff(
  connection: DuckDBConnection,
  path: string,
  encoding: string,
  staged: StagedFile,
): Promise<Dialect> {
  const reader = await connection
    .runAndReadAll(`FROM sniff_csv(${literal(path)}, sample_size = ${sniffRows}, ignore_errors = true, ${encoding})`)
    .catch((cause: unknown) => {
      throw new AppError("invalid_input", "The file does not look like a CSV: no delimiter makes its lines agree.", {
        cause,
      });
    });
  const row = reader.getRowObjectsJson()[0] ?? {};
  const given = (key: string): string => {
    const value = row[key];
    return typeof value === "string" && value !== "(empty)" ? value : "";
  };
  const quote = given("Quote");
  // A sample without quotes says nothing about the rest: then the standard quote holds.
  const standard = quote === "" && !staged.quotesEarly;
  const columns = (row["Columns"] as { name: string }[]).map((column) => column.name);
  return {
    delimiter: given("Delimiter"),
    quote: standard ? '"' : quote,
    escape: standard || (quote === '"' && given("Escape") === "") ? '"' : given("Escape"),
    comment: given("Comment"),
    skip: Number(row["SkipRows"]),
    header: row["HasHeader"] === true,
    columns: uniqueNames(columns),
  };
}

function uniqueNames(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.map((name, index) => {
    const wanted = name.trim() === "" ? `column${index + 1}` : name.trim();
    let unique = wanted;
    for (let number = 2; seen.has(unique.toLowerCase()); number++) unique = `${wanted}_${number}`;
    seen.add(unique.toLowerCase());
    return unique;
  });
}

async function readRejects(
  connection: DuckDBConnection,
): Promise<Pick<LoadedFile, "rejectedRows" | "rejectedExamples">> {
  const count = await connection.runAndReadAll("SELECT count(DISTINCT line) FROM reject_errors");
  const examples = await connection.runAndReadAll(
    `SELECT line, min(error_type::VARCHAR) AS reason FROM reject_errors GROUP BY line ORDER BY line LIMIT ${shownRejects}`,
  );
  return {
    rejectedRows: Number(count.getRows()[0]?.[0] ?? 0),
    rejectedExamples: examples.getRowsJS().map(([line, reason]) => ({
      line: Number(line),
      reason: (typeof reason === "string" ? rejectReasons[reason] : undefined) ?? "does not fit the columns",
    })),
  };
}

const rejectReasons: Readonly<Record<string, string>> = {
  "INVALID ENCODING": "not in the file's encoding",
  "LINE SIZE OVER MAXIMUM": "the line is too long",
  "MISSING COLUMNS": "too few columns",
  "TOO MANY COLUMNS": "too many columns",
  "UNQUOTED VALUE": "a quote is not closed",
};

function dialectGuesses(dialect: Dialect, staged: StagedFile): ImportGuess[] {
  const shown = dialect.delimiter === "\t" ? "tab" : dialect.delimiter;
  const guesses: ImportGuess[] = [
    { what: "encoding", guess: `${staged.encoding}${staged.byteOrderMark ? ", with a byte order mark" : ""}` },
    { what: "delimiter", guess: shown === "" ? "none: one column" : shown },
    { what: "quote", guess: dialect.quote === "" ? "none" : dialect.quote },
    { what: "header", guess: dialect.header ? "first line" : "none: columns are numbered" },
  ];
  if (dialect.skip > 0) guesses.push({ what: "skipped_lines", guess: `${dialect.skip} lines before the header` });
  return guesses;
}
