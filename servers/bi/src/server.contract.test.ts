import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { startTestServer } from "@sophia/core/testing/test-server";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { biServer } from "./server.ts";
import type { BiServices } from "./services.ts";
import { type RunningBi, startBi } from "./testing/bi-services.ts";

// Processes start here, and the machine may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface ToolAnswer {
  isError?: boolean;
  structuredContent?: Record<string, unknown>;
  content: { type: string; text?: string }[];
}

let folder: string;
let bi: RunningBi;
let server: Awaited<ReturnType<typeof startTestServer<BiServices>>>;
let bearer: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sophia-files-"));
  await writeFile(join(folder, "visits.csv"), "day,page,visits\n2026-01-01,/home,10\n2026-01-02,/home,12\n");
  bi = await startBi({ SOPHIA_BI_IMPORT_ROOTS: folder });
  server = await startTestServer({ definition: biServer, services: bi.services });
  bearer = await server.bearer();
});
afterAll(async () => {
  await server.close();
  await bi.close();
  await rm(folder, { recursive: true, force: true });
});

async function call(name: string, input: unknown): Promise<ToolAnswer> {
  const response = await fetch(new URL("/mcp", server.url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${bearer}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: input } }),
  });
  const body = await response.text();
  const json = body.startsWith("{")
    ? body
    : (body.split("\n").find((line) => line.startsWith("data: {")) ?? "").slice(6);
  return (JSON.parse(json) as { result: ToolAnswer }).result;
}

test("a question goes through the whole server and back", async () => {
  const described = await call("describe_data", { search: "orders region" });
  expect(described.content[0]?.text).toContain("sample_orders (sample data)");
  const answer = await call("query_data", {
    sql: "SELECT region, count(*) AS orders FROM sample_orders GROUP BY region ORDER BY region",
    limit: 2,
  });
  expect(answer.isError ?? false).toBe(false);
  expect(answer.structuredContent).toMatchObject({
    rowCount: 4,
    incomplete: false,
    dialect: "duckdb",
    source: { service: "snowflake", mode: "local" },
  });
  const rest = await call("query_data", { cursor: answer.structuredContent?.["nextCursor"] });
  expect(rest.structuredContent).toMatchObject({ offset: 2 });
  expect(rest.structuredContent).not.toHaveProperty("nextCursor");
});

test("a long answer stays within one page of ours: core never has to cut it", async () => {
  const wide = Array.from({ length: 200 }, (_, index) => `repeat('ä"', 1000) AS column_${index}`).join(", ");
  const answer = await call("query_data", { sql: `SELECT ${wide} FROM range(50)`, limit: 1_000 });
  expect(answer.structuredContent).toMatchObject({ rowCount: 20, incomplete: true });
  expect(String(answer.structuredContent?.["nextCursor"])).toMatch(/^[\w-]{22}\.\d+$/);
  const tooWide = await call("query_data", {
    sql: `SELECT ${Array.from({ length: 900 }, (_, index) => `1 AS column_${index}`).join(", ")}`,
  });
  expect(tooWide.content[0]?.text).toContain("900 columns");
});

test("hostile SQL is refused with a reason and without the engine's words", async () => {
  const answer = await call("query_data", { sql: "COPY sample_orders TO '/tmp/x.csv'" });
  expect(answer.isError).toBe(true);
  expect(answer.content[0]?.text).toMatch(/denied[\s\S]*this is a COPY statement/);
});

const planIdOf = (planned: ToolAnswer) => /"planId":\s*"([^"]+)"/.exec(JSON.stringify(planned.structuredContent))?.[1];

test("an import is not applied to a file that changed after its plan", async () => {
  const file = join(folder, "late.csv");
  await writeFile(file, "a\n1\n");
  const planned = await call("run_tool", { tool: "import_dataset", arguments: { path: "late.csv" } });
  // As long as before: only its time tells.
  await writeFile(file, "a\n2\n");
  const applied = await call("run_tool", { tool: "apply_change", arguments: { planId: planIdOf(planned) } });
  expect(applied.isError).toBe(true);
  expect(applied.content[0]?.text).toMatch(/Plan the change again/);
  expect(bi.services.warehouse.tables().map((table) => table.name)).not.toContain("late");
});

test("a Parquet file keeps its types: decimals, times, lists, structs and NULLs", async () => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT 12345678901234567.89::DECIMAL(20,2) AS amount, TIMESTAMP '2026-01-02 03:04:05' AS at, DATE '2026-01-02' AS day, ['a', NULL] AS tags, {'x': 1, 'y': 'z'} AS place, NULL::VARCHAR AS nothing, 9007199254740993::BIGINT AS big) TO '${join(folder, "typed.parquet")}' (FORMAT parquet, COMPRESSION zstd)`,
  );
  connection.closeSync();
  instance.closeSync();
  const planned = await call("run_tool", { tool: "import_dataset", arguments: { path: "typed.parquet" } });
  const applied = await call("run_tool", { tool: "apply_change", arguments: { planId: planIdOf(planned) } });
  expect(applied.isError ?? false).toBe(false);
  const { structuredContent } = await call("query_data", { sql: "SELECT * FROM typed" });
  const columns = structuredContent?.["columns"] as { name: string; type: string }[];
  expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toMatchObject({
    amount: "DECIMAL(20,2)",
    at: "TIMESTAMP",
    day: "DATE",
    tags: "VARCHAR[]",
    nothing: "VARCHAR",
    big: "BIGINT",
  });
  expect(structuredContent?.["rows"]).toEqual([
    [
      "12345678901234567.89",
      "2026-01-02 03:04:05",
      "2026-01-02",
      '["a",null]',
      '{"x":1,"y":"z"}',
      null,
      "9007199254740993",
    ],
  ]);
});

test("import_dataset first plans, then apply_change imports, and the table can be asked", async () => {
  const planned = await call("run_tool", { tool: "import_dataset", arguments: { path: "visits.csv" } });
  const planId = planIdOf(planned);
  expect(planId, JSON.stringify(planned)).toBeDefined();
  expect(bi.services.warehouse.tables().map((table) => table.name)).not.toContain("visits");
  const applied = await call("run_tool", { tool: "apply_change", arguments: { planId } });
  expect(JSON.stringify(applied)).toContain("visits.csv");
  const answer = await call("query_data", { sql: "SELECT sum(visits) FROM visits" });
  expect(answer.structuredContent).toMatchObject({ rows: [[22]], notes: [] });
  const listed = await call("run_tool", { tool: "list_imports", arguments: {} });
  expect(JSON.stringify(listed.structuredContent)).toContain('"imported":1');
});
