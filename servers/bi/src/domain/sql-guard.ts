import { AppError } from "@sophia/core/errors/app-error";
import { checkTree, type KnownNames } from "./sql-tree.ts";

/** DuckDB's own parser: no other one agrees with what the engine will run. */
export interface SqlParser {
  /** The JSON of `json_serialize_sql`, or its error object. Runs nothing. */
  serialize(sql: string): Promise<string>;
}

export interface GuardedSql {
  /** What may be run: the text that was parsed, and nothing else. */
  sql: string;
  kind: "select" | "explain";
  /** The warehouse tables it reads. */
  relations: string[];
}

interface Serialized {
  error: boolean;
  error_type?: string;
  error_message?: string;
  position?: string;
  statements?: { node: unknown }[];
}

export const maxSqlLength = 50_000;

/** Lets through exactly one SELECT (or EXPLAIN of one) that reads known tables by harmless functions; throws otherwise. */
export async function guardSql(sql: string, parser: SqlParser, known: KnownNames): Promise<GuardedSql> {
  checkText(sql);
  const explain = splitExplain(sql);
  const body = explain?.rest ?? sql;
  const serialized = JSON.parse(await parser.serialize(body)) as Serialized;
  if (serialized.error) throw explainRefusal(body, serialized);
  const statements = serialized.statements ?? [];
  const [statement] = statements;
  if (statements.length !== 1 || statement === undefined) throw notOneStatement(statements.length);
  const relations = checkTree(statement.node, known);
  return explain
    ? { sql: `EXPLAIN ${explain.analyze ? "ANALYZE " : ""}${body}`, kind: "explain", relations }
    : { sql: body, kind: "select", relations };
}

function checkText(sql: string): void {
  if (sql.includes("\0")) {
    throw new AppError("invalid_input", "The SQL contains a NUL character.", {
      hint: "Parsers stop reading there. Remove it.",
    });
  }
  if (!sql.isWellFormed()) throw new AppError("invalid_input", "The SQL is not well-formed Unicode.");
  if (sql.length > maxSqlLength)
    throw new AppError("invalid_input", `The SQL is longer than ${maxSqlLength} characters.`);
  if (skipTrivia(sql, 0) >= sql.length)
    throw new AppError("invalid_input", "The SQL is empty.", { hint: "Write one SELECT statement." });
}

/** The statement after EXPLAIN. What is cut off is never run: the rest is parsed on its own and EXPLAIN put back by us. */
function splitExplain(sql: string): { rest: string; analyze: boolean } | undefined {
  const start = skipTrivia(sql, 0);
  if (!isWord(sql, start, "explain")) return undefined;
  const next = skipTrivia(sql, start + "explain".length);
  if (
    sql[next] === "(" &&
    /^\(\s*(?:analyze|format|verbose|costs|buffers|timing|summary)\b/i.test(sql.slice(next, next + 40))
  ) {
    throw new AppError("invalid_input", "EXPLAIN takes no options here.", {
      hint: "Use EXPLAIN SELECT … or EXPLAIN ANALYZE SELECT …",
    });
  }
  const analyze = isWord(sql, next, "analyze");
  return { rest: sql.slice(analyze ? next + "analyze".length : next), analyze };
}

function isWord(sql: string, at: number, word: string): boolean {
  return (
    sql.slice(at, at + word.length).toLowerCase() === word && !/[\p{L}\p{N}_$]/u.test(sql[at + word.length] ?? " ")
  );
}

/** The position after white space and comments. */
function skipTrivia(sql: string, from: number): number {
  let at = from;
  for (;;) {
    if (/\s/u.test(sql[at] ?? "x")) at++;
    else if (sql.startsWith("--", at)) at = endOf(sql.indexOf("\n", at), sql);
    else if (sql.startsWith("/*", at)) at = skipBlockComment(sql, at);
    else return at;
  }
}

function skipBlockComment(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length; at++) {
    if (sql.startsWith("/*", at)) {
      depth++;
      at++;
    } else if (sql.startsWith("*/", at)) {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}

function endOf(index: number, sql: string): number {
  return index === -1 ? sql.length : index + 1;
}

/** Only the parser has looked at the text so far; `extractStatements` would already open the files of an IMPORT. */
function explainRefusal(sql: string, serialized: Serialized): AppError {
  const cause = new Error(serialized.error_message ?? "");
  if (serialized.error_type === "parser") return syntaxError(sql, serialized, cause);
  const first = /^[a-z]+/i.exec(sql.slice(skipTrivia(sql, 0)))?.[0].toUpperCase() ?? "";
  if (knownStatements.has(first)) {
    const aboutFiles = first === "COPY" || first === "ATTACH" || first === "IMPORT";
    return new AppError(
      "denied",
      `Only reading is allowed: this is ${/^[AEIOU]/.test(first) ? "an" : "a"} ${first} statement.`,
      {
        hint: aboutFiles ? "Files come in through import_dataset." : "Write one SELECT.",
        cause,
      },
    );
  }
  if (/\bpivot\b/i.test(sql)) {
    return new AppError("invalid_input", "PIVOT without a list of values needs two statements.", {
      hint: "Name the values: PIVOT sales ON region IN ('north', 'south') USING sum(amount).",
      cause,
    });
  }
  return new AppError("denied", "Only one SELECT at a time is allowed: something else follows or stands in it.", {
    hint: "Send one SELECT.",
    cause,
  });
}

function syntaxError(sql: string, serialized: Serialized, cause: Error): AppError {
  const message = serialized.error_message ?? "";
  const position = Number(serialized.position);
  const near = Number.isInteger(position)
    ? Buffer.from(sql, "utf8")
        .subarray(position, position + 40)
        .toString("utf8")
        .split(/\s/)[0]
    : undefined;
  const where = near ? ` near ${JSON.stringify(near.slice(0, 40))} (character ${position + 1})` : " at the end";
  if (message.includes("A CTE needs a SELECT"))
    return new AppError("denied", "Only reading is allowed: a WITH part is not a SELECT.", { cause });
  return new AppError("invalid_input", `The SQL has a syntax error${where}.`, {
    hint: "The dialect is DuckDB; names with spaces or upper case and names that are keywords go in double quotes, texts in single quotes.",
    cause,
  });
}

function notOneStatement(count: number): AppError {
  if (count === 0)
    return new AppError("invalid_input", "There is no statement.", { hint: "Write one SELECT statement." });
  return new AppError("denied", `Only one statement at a time is allowed: there are ${count}.`, {
    hint: "Send them one by one.",
  });
}

const knownStatements: ReadonlySet<string> = new Set(
  "ALTER ANALYZE ATTACH BEGIN CALL CHECKPOINT COMMENT COMMIT COPY CREATE DEALLOCATE DELETE DETACH DROP EXECUTE EXPORT FORCE IMPORT INSERT INSTALL LOAD MERGE PRAGMA PREPARE RESET ROLLBACK SET TRUNCATE UPDATE USE VACUUM".split(
    " ",
  ),
);
