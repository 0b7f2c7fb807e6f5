import { AppError } from "@sophia/core/errors/app-error";
import { nearestName } from "./nearest-name.ts";
import { type FunctionPlace, judgeFunction } from "./sql-functions.ts";

export interface KnownNames {
  /** Tables a query may read: lower-case name → name as shown. */
  relations: ReadonlyMap<string, string>;
  /** Lower-case names of the engine's scalar, aggregate and macro functions. */
  functions: ReadonlySet<string>;
}

type TreeNode = Readonly<Record<string, unknown>>;

interface Walk {
  known: KnownNames;
  found: Set<string>;
}

const queryTypes: ReadonlySet<string> = new Set(["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE"]);
const tableTypes: ReadonlySet<string> = new Set([
  "BASE_TABLE",
  "SUBQUERY",
  "JOIN",
  "TABLE_FUNCTION",
  "EXPRESSION_LIST",
  "EMPTY",
  "PIVOT",
  "SHOW_REF",
]);
const expressionClasses: ReadonlySet<string> = new Set([
  "BETWEEN",
  "CASE",
  "CAST",
  "COLLATE",
  "COLUMN_REF",
  "COMPARISON",
  "CONJUNCTION",
  "CONSTANT",
  "FUNCTION",
  "LAMBDA",
  "LAMBDA_REF",
  "OPERATOR",
  "PARAMETER",
  "POSITIONAL_REFERENCE",
  "STAR",
  "SUBQUERY",
  "TYPE",
  "WINDOW",
]);
/** They show our files' internal names rather than the tables; no table of ours begins like this. */
const engineSchemas: ReadonlySet<string> = new Set(["information_schema", "pg_catalog"]);
const engineTable = /^(?:duckdb_|pg_|pragma_|sqlite_)/;

/**
 * Checks the syntax tree of one statement as `json_serialize_sql` gives it and returns the tables it reads.
 *
 * Everything is an allow-list: kinds of nodes, tables, functions. What a later DuckDB adds is refused until it is
 * looked at.
 */
export function checkTree(query: unknown, known: KnownNames): string[] {
  const walk: Walk = { known, found: new Set() };
  visit(query, new Set(), walk);
  return [...walk.found].sort();
}

function visit(value: unknown, scope: ReadonlySet<string>, walk: Walk): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, scope, walk);
    return;
  }
  if (!isNode(value)) return;
  const inner = value["cte_map"] === undefined ? scope : withCommonTables(value["cte_map"], scope, walk);
  if (typeof value["class"] === "string" && !checkExpression(value, value["class"], walk)) return;
  if (typeof value["class"] !== "string" && typeof value["type"] === "string")
    checkQueryOrTable(value, value["type"], inner, walk);
  for (const [key, child] of Object.entries(value)) {
    if (key === "cte_map" || key === "at_clause") continue;
    // Visited by checkQueryOrTable, which knows that it stands in FROM.
    if (key === "function" && value["type"] === "TABLE_FUNCTION") continue;
    visit(child, inner, walk);
  }
}

/** A common table expression sees those before it, and itself only when it is recursive: exactly the engine's scope. */
function withCommonTables(cteMap: unknown, scope: ReadonlySet<string>, walk: Walk): ReadonlySet<string> {
  const names = new Set(scope);
  const entries = isNode(cteMap) && Array.isArray(cteMap["map"]) ? cteMap["map"] : [];
  for (const entry of entries) {
    if (!isNode(entry) || typeof entry["key"] !== "string") throw refused("This form of WITH is not supported.");
    const name = entry["key"].toLowerCase();
    const recursive = JSON.stringify(entry["value"]).slice(0, 400).includes('"RECURSIVE_CTE_NODE"');
    visit(entry["value"], recursive ? new Set([...names, name]) : new Set(names), walk);
    names.add(name);
  }
  return names;
}

/** Returns whether the node's children are to be visited. */
function checkExpression(node: TreeNode, kind: string, walk: Walk): boolean {
  if (!expressionClasses.has(kind)) throw refused("The query uses a form that is not supported here.");
  if (kind === "CONSTANT") return false;
  if (kind === "PARAMETER") {
    throw new AppError("invalid_input", "The query has a placeholder (? or $1), and there are no values to bind.", {
      hint: "Write the value into the SQL as a literal.",
    });
  }
  if (kind === "FUNCTION") checkFunction(node, "scalar", walk);
  if (kind === "WINDOW") checkFunction(node, "window", walk);
  return true;
}

function checkQueryOrTable(node: TreeNode, type: string, scope: ReadonlySet<string>, walk: Walk): void {
  if (type.endsWith("_NODE") && !queryTypes.has(type))
    throw refused("The query uses a form that is not supported here.");
  if (type === "BASE_TABLE") checkTable(node, scope, walk);
  else if (type === "TABLE_FUNCTION") {
    const call = node["function"];
    if (!isNode(call) || call["class"] !== "FUNCTION") throw refused("This call in FROM is not supported.");
    checkFunction(call, "from", walk);
    visit(call["children"], scope, walk);
  } else if (type === "SHOW_REF") checkShow(node);
  else if (isTableReference(node) && !tableTypes.has(type))
    throw refused("The query uses a form that is not supported here.");
}

/** Only table references carry a location next to a type that is neither an expression nor a query. */
function isTableReference(node: TreeNode): boolean {
  return node["query_location"] !== undefined;
}

function checkTable(node: TreeNode, scope: ReadonlySet<string>, walk: Walk): void {
  const name = text(node["table_name"]);
  const schema = text(node["schema_name"]).toLowerCase();
  const catalogue = text(node["catalog_name"]).toLowerCase();
  const lower = name.toLowerCase();
  if (schema === "" && catalogue === "" && scope.has(lower)) return;
  const ours = (schema === "" || schema === "main") && (catalogue === "" || catalogue === "warehouse");
  const shown = ours ? walk.known.relations.get(lower) : undefined;
  if (shown !== undefined) {
    walk.found.add(shown);
    return;
  }
  if (engineSchemas.has(schema) || engineTable.test(lower)) {
    throw new AppError("denied", "A query cannot read DuckDB's own catalogue.", {
      hint: "describe_data lists tables, columns and types; SHOW TABLES and DESCRIBE <table> work too.",
    });
  }
  if (/[./\\:*?]/.test(name)) {
    throw new AppError("denied", "A query cannot read files.", {
      hint: "Import the file with import_dataset, then query its table.",
    });
  }
  const nearest = nearestName(name, walk.known.relations.values());
  const all = [...walk.known.relations.values()].slice(0, 20).join(", ");
  throw new AppError("not_found", `There is no table named ${quoted(name)}.`, {
    hint: nearest ? `Did you mean ${nearest}? describe_data lists all tables.` : `Tables: ${all || "none yet"}.`,
  });
}

function checkFunction(node: TreeNode, place: FunctionPlace, walk: Walk): void {
  const name = text(node["function_name"]);
  const verdict = judgeFunction(name, place, walk.known.functions);
  if (verdict === "denied") {
    throw new AppError("denied", `The function ${quoted(name)} may not be used in a query.`, {
      hint: "Queries read the tables that describe_data lists; files come in through import_dataset.",
    });
  }
  if (verdict === "unknown") {
    const nearest = nearestName(name, walk.known.functions);
    throw new AppError("invalid_input", `There is no function named ${quoted(name)} in DuckDB.`, {
      hint: nearest ? `Did you mean ${nearest}?` : "Write the query in DuckDB's SQL.",
    });
  }
}

function checkShow(node: TreeNode): void {
  const showType = text(node["show_type"]);
  const describesQuery = node["query"] !== undefined && (showType === "DESCRIBE" || showType === "SUMMARY");
  const listsTables = node["query"] === undefined && text(node["table_name"]) === '"tables"';
  if (!describesQuery && !listsTables) {
    throw new AppError("denied", "This SHOW statement may not be used.", {
      hint: "Use describe_data, SHOW TABLES, DESCRIBE <table> or SUMMARIZE <table>.",
    });
  }
}

function isNode(value: unknown): value is TreeNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A name from the user's own SQL, made safe to repeat. */
function quoted(name: string): string {
  return `"${name.replaceAll(/[^\p{L}\p{N}_ .-]/gu, "?").slice(0, 64)}"`;
}

function refused(message: string): AppError {
  return new AppError("denied", message, { hint: "Write it as a plain SELECT." });
}
