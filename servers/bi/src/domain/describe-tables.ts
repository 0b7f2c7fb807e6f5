import type { CatalogueTable } from "./catalogue.ts";
import { nearestName } from "./nearest-name.ts";
import { plainIdentifier } from "./sql-text.ts";
import type { ColumnProfile } from "./table-profile.ts";

export interface SampleQuestion {
  question: string;
  sql: string;
}

/** Tables that fit the words, best first. All tables in order of name when there are no words. */
export function searchTables(tables: readonly CatalogueTable[], search: string | undefined): CatalogueTable[] {
  const words = (search ?? "").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0)
    return [...tables].sort(
      (left, right) => Number(left.sample) - Number(right.sample) || (left.name < right.name ? -1 : 1),
    );
  return tables
    .map((table) => ({ table, score: words.reduce((sum, word) => sum + scoreWord(table, word), 0) }))
    .filter(({ score }) => score > 0)
    .sort((left, right) => right.score - left.score || (left.table.name < right.table.name ? -1 : 1))
    .map(({ table }) => table);
}

function scoreWord(table: CatalogueTable, word: string): number {
  const stem = word.length > 3 && word.endsWith("s") ? word.slice(0, -1) : word;
  const inName = table.name.toLowerCase().includes(stem) ? 5 : 0;
  const inComment = table.comment.toLowerCase().includes(stem) ? 2 : 0;
  const inColumns = table.columns.some((column) => column.name.toLowerCase().includes(stem)) ? 3 : 0;
  const inValues = table.columns.some((column) =>
    column.samples.some((value) => String(value).toLowerCase().includes(word)),
  )
    ? 2
    : 0;
  const score = inName + inComment + inColumns + inValues;
  if (score > 0 || word.length < 4) return score;
  return nearestName(word, [table.name, ...table.columns.map((column) => column.name)]) === undefined ? 0 : 1;
}

/** `a.customer_id = b.customer_id` where the name ends in id and one side has each value once. */
export function suggestJoins(tables: readonly CatalogueTable[]): string[] {
  const joins: string[] = [];
  for (const one of tables) {
    const key = one.columns.find((column) => isKey(one, column));
    if (!key) continue;
    for (const many of tables) {
      const wanted = key.name === "id" ? `${one.name.replace(/s$/, "")}_id` : key.name;
      if (many === one || !many.columns.some((column) => column.name === wanted)) continue;
      joins.push(`${inSql(many.name, wanted)} = ${inSql(one.name, key.name)}`);
    }
  }
  return joins.slice(0, 30);
}

function inSql(table: string, column: string): string {
  return `${plainIdentifier(table)}.${plainIdentifier(column)}`;
}

function isKey(table: CatalogueTable, column: ColumnProfile): boolean {
  return (
    /(?:^|_)id$/i.test(column.name) && column.nullShare === 0 && column.distinctCount === table.rows && table.rows > 0
  );
}

const shopQuestions: readonly SampleQuestion[] = [
  {
    question: "How did revenue develop per month and region in 2025?",
    sql: "SELECT date_trunc('month', o.ordered_on) AS month, o.region, sum(i.quantity * i.unit_price * (1 - i.discount)) AS revenue FROM sample_orders o JOIN sample_order_items i USING (order_id) WHERE o.status = 'completed' AND o.ordered_on >= DATE '2025-01-01' GROUP BY ALL ORDER BY ALL",
  },
  {
    question: "Which region lost most orders in Q3 2025 against Q3 2024?",
    sql: "SELECT region, count(*) FILTER (WHERE year(ordered_on) = 2024) AS q3_2024, count(*) FILTER (WHERE year(ordered_on) = 2025) AS q3_2025 FROM sample_orders WHERE quarter(ordered_on) = 3 GROUP BY region ORDER BY q3_2025 - q3_2024",
  },
  {
    question: "Which product categories earn the best margin?",
    sql: "SELECT p.category, sum(i.quantity * (i.unit_price * (1 - i.discount) - p.unit_cost)) AS margin FROM sample_order_items i JOIN sample_products p USING (product_id) GROUP BY ALL ORDER BY margin DESC",
  },
];

/** Questions the tables can answer, with the SQL, to show what is possible. */
export function suggestQuestions(tables: readonly CatalogueTable[]): SampleQuestion[] {
  const own = tables
    .filter((table) => !table.sample)
    .slice(0, 3)
    .flatMap(questionsFor);
  const shop = tables.some((table) => table.name === "sample_orders") ? shopQuestions : [];
  return [...own, ...shop].slice(0, 5);
}

function questionsFor(table: CatalogueTable): SampleQuestion[] {
  const amount = table.columns.find(
    (column) => /^(?:DECIMAL|DOUBLE|FLOAT|BIGINT|INTEGER)/.test(column.type) && !/(?:^|_)id$/i.test(column.name),
  );
  const day = table.columns.find((column) => /^(?:DATE|TIMESTAMP)/.test(column.type));
  const group = table.columns.find(
    (column) => column.type === "VARCHAR" && column.distinctCount > 1 && column.distinctCount <= 50,
  );
  const measure = amount ? `sum(${plainIdentifier(amount.name)})` : "count(*)";
  const words = amount ? `the total ${amount.name}` : "the number of rows";
  const questions: SampleQuestion[] = [];
  if (day) {
    questions.push({
      question: `What is ${words} in ${table.name} per month?`,
      sql: `SELECT date_trunc('month', ${plainIdentifier(day.name)}) AS month, ${measure} AS total FROM ${plainIdentifier(table.name)} GROUP BY month ORDER BY month`,
    });
  }
  if (group) {
    questions.push({
      question: `What is ${words} in ${table.name} by ${group.name}?`,
      sql: `SELECT ${plainIdentifier(group.name)}, ${measure} AS total FROM ${plainIdentifier(table.name)} GROUP BY ALL ORDER BY total DESC`,
    });
  }
  return questions;
}
