import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier, literal } from "./sql-text.ts";
import type { ImportGuess } from "./table-profile.ts";

export interface ColumnDecision {
  name: string;
  /** SQL that turns the text column into its type. */
  expression: string;
  guesses: ImportGuess[];
}

interface Candidate {
  type: string;
  /** Words for the guess. */
  label: string;
  /** SQL: does the trimmed text fit? Never throws. */
  fits: string;
  /** SQL: the typed value of a text that fits. */
  value: string;
}

const sampleRows = 20_000;
const nullWords = ["na", "n/a", "#n/a", "null", "none", "nan", "-", "--"];
const nullList = nullWords.map(literal).join(", ");

/**
 * Chooses a type per column of a table of texts. A type is taken only when every value of the whole column fits, so
 * no row is lost to a wrong guess: a sniffer that casts drops the rows it misjudged.
 */
export async function decideColumnTypes(
  connection: DuckDBConnection,
  table: string,
  columns: readonly string[],
): Promise<ColumnDecision[]> {
  const decisions: ColumnDecision[] = [];
  for (const column of columns) decisions.push(await decideColumn(connection, table, column));
  return decisions;
}

async function decideColumn(connection: DuckDBConnection, table: string, name: string): Promise<ColumnDecision> {
  const text = `trim(${identifier(name)})`;
  const meant = `${text} IS NOT NULL AND ${text} <> '' AND lower(${text}) NOT IN (${nullList})`;
  const scope: ColumnScope = { connection, table, name, text, meant };
  const asText = (guess?: string): ColumnDecision => ({
    name,
    expression: identifier(name),
    guesses: guess === undefined ? [] : [{ what: "type", column: name, guess }],
  });
  const { values, candidates, leadingZeros, phoneNumbers } = await shortlist(scope);
  if (values === 0) return asText("no values: kept as text");
  if (leadingZeros) return asText("kept as text: some numbers start with 0, like codes do");
  if (phoneNumbers) return asText("kept as text: all numbers start with +, like phone numbers do");
  if (candidates.length === 0) return await decideDate(scope, asText());
  const counts = await countMisfits(scope, candidates);
  const chosen = candidates.find((_, index) => counts.misfits[index] === 0);
  if (chosen) return typed(scope, chosen, counts);
  const best = counts.misfits.indexOf(Math.min(...counts.misfits));
  const kept = asText(
    `kept as text: ${counts.misfits[best]} of ${counts.total} values are not ${candidates[best]?.label}`,
  );
  return candidates.some((candidate) => candidate.type === "DATE") ? await decideDate(scope, kept) : kept;
}

function typed(scope: ColumnScope, chosen: Candidate, counts: Counts): ColumnDecision {
  const type = chosen.type.replace("SCALE", String(counts.scale));
  const nulls = {
    what: "nulls" as const,
    column: scope.name,
    guess: `${counts.nullWords} values such as n/a or - read as NULL`,
  };
  return {
    name: scope.name,
    expression: `CASE WHEN ${scope.meant} THEN CAST(${chosen.value} AS ${type}) END`,
    guesses: [
      { what: "type", column: scope.name, guess: `${type}: ${chosen.label}` },
      ...(counts.nullWords > 0 ? [nulls] : []),
    ],
  };
}

interface ColumnScope {
  connection: DuckDBConnection;
  table: string;
  name: string;
  text: string;
  meant: string;
}

/** Candidates that all of the first rows fit, best first. */
async function shortlist(
  scope: ColumnScope,
): Promise<{ values: number; candidates: Candidate[]; leadingZeros: boolean; phoneNumbers: boolean }> {
  const all = candidatesFor(scope.text);
  const sample = `(SELECT ${identifier(scope.name)} FROM ${scope.table} WHERE ${scope.meant} LIMIT ${sampleRows})`;
  const checks = all.map((candidate, index) => `bool_and(coalesce(${candidate.fits}, false)) AS fits_${index}`);
  const zeros = `bool_and(regexp_full_match(${scope.text}, '\\d+')) AND bool_or(regexp_full_match(${scope.text}, '0\\d+')) AS zeros`;
  const phones = `bool_and(regexp_full_match(${scope.text}, '\\+[1-9]\\d{6,14}')) AS phones`;
  const row =
    (
      await readRows(
        scope.connection,
        `SELECT count(*) AS total, ${zeros}, ${phones}, ${checks.join(", ")} FROM ${sample}`,
      )
    )[0] ?? {};
  return {
    values: Number(row["total"] ?? 0),
    leadingZeros: row["zeros"] === true,
    phoneNumbers: row["phones"] === true,
    candidates: all.filter((_, index) => row[`fits_${index}`] === true),
  };
}

interface Counts {
  total: number;
  nullWords: number;
  /** Most digits after the point or comma. */
  scale: number;
  /** Values that do not fit, per candidate. */
  misfits: number[];
}

async function countMisfits(scope: ColumnScope, candidates: readonly Candidate[]): Promise<Counts> {
  const parts = candidates.map(
    (candidate, index) =>
      `count(*) FILTER (WHERE ${scope.meant} AND NOT coalesce(${candidate.fits}, false)) AS misfits_${index}`,
  );
  const sql = `SELECT count(*) FILTER (WHERE ${scope.meant}) AS total,
      count(*) FILTER (WHERE lower(${scope.text}) IN (${nullList})) AS null_words,
      max(length(regexp_extract(${scope.text}, '[.,](\\d{1,4})$', 1))) AS scale, ${parts.join(", ")} FROM ${scope.table}`;
  const row = (await readRows(scope.connection, sql))[0] ?? {};
  return {
    total: Number(row["total"]),
    nullWords: Number(row["null_words"]),
    scale: Math.max(1, Number(row["scale"])),
    misfits: candidates.map((_, index) => Number(row[`misfits_${index}`])),
  };
}

function candidatesFor(text: string): Candidate[] {
  const matches = (pattern: string): string => `regexp_full_match(${text}, ${literal(pattern)})`;
  return [...numberCandidates(text, matches), ...timeCandidates(text, matches)];
}

type Matches = (pattern: string) => string;

function numberCandidates(text: string, matches: Matches): Candidate[] {
  const withoutCommas = `replace(${text}, ',', '')`;
  const withPoint = `replace(replace(${text}, '.', ''), ',', '.')`;
  return [
    {
      type: "BOOLEAN",
      label: "true or false",
      fits: `lower(${text}) IN ('true', 'false', 'yes', 'no')`,
      value: `lower(${text}) IN ('true', 'yes')`,
    },
    { type: "BIGINT", label: "whole numbers", fits: matches("[+-]?(0|[1-9]\\d{0,17})"), value: text },
    {
      type: "DECIMAL(18,SCALE)",
      label: "decimal numbers, kept exact",
      fits: matches("[+-]?(0|[1-9]\\d{0,13})(\\.\\d{1,4})?"),
      value: text,
    },
    {
      type: "DOUBLE",
      label: "numbers, to 15 digits",
      fits: `${matches("[+-]?((0|[1-9]\\d*)\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?")} AND length(regexp_replace(${text}, '[^0-9]', '', 'g')) <= 17`,
      value: text,
    },
    {
      type: "DECIMAL(18,SCALE)",
      label: "decimal numbers with commas between thousands",
      fits: matches("[+-]?(0|[1-9]\\d{0,2})(,\\d{3}){0,3}(\\.\\d{1,4})?"),
      value: withoutCommas,
    },
    {
      type: "DECIMAL(18,SCALE)",
      label: "decimal numbers with a decimal comma",
      fits: matches("[+-]?(0|[1-9]\\d{0,13}|[1-9]\\d{0,2}(\\.\\d{3}){1,3})(,\\d{1,4})?"),
      value: withPoint,
    },
  ];
}

function timeCandidates(text: string, matches: Matches): Candidate[] {
  return [
    {
      type: "DATE",
      label: "dates as year-month-day",
      fits: `${matches("\\d{4}-\\d{1,2}-\\d{1,2}")} AND try_cast(${text} AS DATE) IS NOT NULL`,
      value: text,
    },
    {
      type: "TIMESTAMP",
      label: "points in time without a zone",
      fits: `${matches("\\d{4}-\\d{2}-\\d{2}[ T]\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?")} AND try_cast(${text} AS TIMESTAMP) IS NOT NULL`,
      value: text,
    },
    {
      type: "TIMESTAMP WITH TIME ZONE",
      label: "points in time with a zone",
      fits: `${matches("\\d{4}-\\d{2}-\\d{2}[ T]\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?\\s?(Z|[+-]\\d{2}(:?\\d{2})?)")} AND try_cast(${text} AS TIMESTAMPTZ) IS NOT NULL`,
      value: text,
    },
    {
      type: "TIME",
      label: "times of day",
      fits: `${matches("\\d{1,2}:\\d{2}(:\\d{2}(\\.\\d+)?)?")} AND try_cast(${text} AS TIME) IS NOT NULL`,
      value: text,
    },
  ];
}

const clearFormats = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"];
const dayFirst = ["%d/%m/%Y", "%d-%m-%Y"];
const monthFirst = ["%m/%d/%Y", "%m-%d-%Y"];

/** Dates in several forms at once. Day or month first is settled by the values beyond 12, or said to be open. */
async function decideDate(scope: ColumnScope, otherwise: ColumnDecision): Promise<ColumnDecision> {
  const sample = await countDates(
    scope,
    `(SELECT ${identifier(scope.name)} FROM ${scope.table} WHERE ${scope.meant} LIMIT ${sampleRows})`,
  );
  const asText = (guess: string): ColumnDecision => ({
    ...otherwise,
    guesses: [{ what: "type", column: scope.name, guess }],
  });
  if (sample.fit < sample.total) return otherwise;
  const whole = await countDates(scope, scope.table);
  if (whole.contradiction) return asText("kept as text: some dates can only be day/month and others only month/day");
  if (whole.fit < whole.total)
    return asText(`kept as text: ${whole.total - whole.fit} of ${whole.total} values are not dates`);
  const order = whole.monthFirst ? monthFirst : dayFirst;
  const open = whole.open ? `; whether day or month comes first is open (no value is above 12): read as day first` : "";
  const used = [...clearFormats, ...order].filter((format) => (whole.uses.get(format) ?? 0) > 0);
  return {
    name: scope.name,
    expression: `CASE WHEN ${scope.meant} THEN CAST(coalesce(${used.map((format) => parsed(scope, format)).join(", ")}) AS DATE) END`,
    guesses: [{ what: "type", column: scope.name, guess: `DATE: dates written as ${used.join(" and ")}${open}` }],
  };
}

interface DateCounts {
  total: number;
  fit: number;
  uses: Map<string, number>;
  monthFirst: boolean;
  contradiction: boolean;
  open: boolean;
}

function parsed(scope: ColumnScope, format: string): string {
  // strptime takes a two-digit year for year 24; a date needs four digits somewhere.
  return `try_strptime(CASE WHEN regexp_matches(${scope.text}, '\\d{4}') THEN ${scope.text} END, ${literal(format)})`;
}

async function countDates(scope: ColumnScope, from: string): Promise<DateCounts> {
  const formats = [...clearFormats, ...dayFirst, ...monthFirst];
  const any = (list: readonly string[]): string =>
    `coalesce(${list.map((format) => parsed(scope, format)).join(", ")}) IS NOT NULL`;
  const sql = `SELECT count(*) AS total, count(*) FILTER (WHERE ${any(formats)}) AS fit,
      count(*) FILTER (WHERE ${any(dayFirst)} AND NOT ${any(monthFirst)}) AS day_only,
      count(*) FILTER (WHERE ${any(monthFirst)} AND NOT ${any(dayFirst)}) AS month_only,
      ${formats.map((format, index) => `count(${parsed(scope, format)}) AS uses_${index}`).join(", ")}
      FROM ${from} WHERE ${scope.meant}`;
  const row = (await readRows(scope.connection, sql))[0] ?? {};
  const uses = new Map(formats.map((format, index) => [format, Number(row[`uses_${index}`])]));
  const dayOnly = Number(row["day_only"]);
  const monthOnly = Number(row["month_only"]);
  const either = dayFirst.some((format) => (uses.get(format) ?? 0) > 0);
  return {
    total: Number(row["total"]),
    fit: Number(row["fit"]),
    uses,
    monthFirst: monthOnly > 0,
    contradiction: dayOnly > 0 && monthOnly > 0,
    open: dayOnly === 0 && monthOnly === 0 && either,
  };
}

async function readRows(connection: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJS();
}
