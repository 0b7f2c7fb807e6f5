import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@sophia/core/errors/app-error";
import fc from "fast-check";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createSmallWarehouse, type SmallWarehouse } from "../testing/small-warehouse.ts";
import { harmlessStatements, hostileStatements } from "../testing/sql-statements.ts";
import { ChildWorker } from "./child-worker.ts";
import { type Engine, openEngine } from "./engine.ts";

// Processes start here, and the machine may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const canary = "canary-7f3a9c";
const limits = { maxRows: 1_000, maxBytes: 1_000_000 };
const never = new AbortController().signal;

let warehouse: SmallWarehouse;
let engine: Engine;
let secret: string;
let out: string;

beforeAll(async () => {
  warehouse = await createSmallWarehouse();
  engine = await openEngine(warehouse.snapshot, warehouse.options);
  secret = join(warehouse.directory, "secret.csv");
  out = join(warehouse.directory, "out");
  await writeFile(secret, `a,b\n${canary},2\n`);
  await mkdir(out);
});

afterAll(async () => {
  await engine.close();
  await warehouse.remove();
});

function fill(sql: string): string {
  return sql.replaceAll("{secret}", secret).replaceAll("{out}", out);
}

async function fingerprint(): Promise<string> {
  const directory = join(warehouse.directory, "tables");
  const hash = createHash("sha256");
  for (const name of (await readdir(directory)).sort()) hash.update(name).update(await readFile(join(directory, name)));
  return hash.digest("hex");
}

test("there are enough statements of both kinds", () => {
  expect(new Set(hostileStatements).size).toBeGreaterThanOrEqual(80);
  expect(new Set(harmlessStatements).size).toBeGreaterThanOrEqual(40);
});

describe("fault 87, layer one: the guard", () => {
  test.each(hostileStatements)("refuses %j", async (sql) => {
    const refusal = await engine.query(fill(sql), limits, never).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(AppError);
    expect(["denied", "invalid_input", "not_found"]).toContain((refusal as AppError).kind);
    // Refused by the guard: what the engine throws comes with the engine's error as its cause or as `internal`.
    expect((refusal as AppError).message).not.toContain("engine");
    expect(`${(refusal as AppError).message} ${(refusal as AppError).hint}`).not.toContain(warehouse.directory);
  });

  test.each(harmlessStatements)("lets through %j", async (sql) => {
    const answer = await engine.query(sql, limits, never);
    expect(answer.columns.length).toBeGreaterThan(0);
  });

  test.each(["information_schema.tables", "pg_catalog.pg_class", "sqlite_master", "duckdb_tables", "duckdb_tables()"])(
    "of the engine's catalogue (%s) it says where to look instead",
    async (relation) => {
      const refusal = engine.query(`SELECT * FROM ${relation}`, limits, never);
      await expect(refusal).rejects.toMatchObject({
        kind: "denied",
        hint: expect.stringContaining("describe_data") as string,
      });
    },
  );

  test("what EXPLAIN shows is called as the user calls it", async () => {
    const { rows } = await engine.query("EXPLAIN SELECT * FROM sales", limits, never);
    expect(rows[0]?.[1]).toMatch(/\bt_sales\.main/);
  });

  test("wrapping a hostile statement in comments, spaces or EXPLAIN does not help", async () => {
    const wrapped = fc.record({
      sql: fc.constantFrom(...hostileStatements.filter((sql) => sql.trim().length > 1)),
      before: fc.constantFrom(
        "",
        " ",
        "\n\t",
        "--x\n",
        "/* select 1 */",
        "/* /* */ */",
        "EXPLAIN ",
        "explain analyze ",
        "\uFEFF",
      ),
      after: fc.constantFrom("", ";", " ;; ", " -- x", " /* x */"),
    });
    await fc.assert(
      fc.asyncProperty(wrapped, async ({ sql, before, after }) => {
        await expect(engine.query(before + fill(sql) + after, limits, never)).rejects.toBeInstanceOf(AppError);
      }),
      { numRuns: 150 },
    );
  });

  test("a random text is answered or refused, never more", async () => {
    const words = fc.constantFrom(
      "SELECT",
      "FROM",
      "sales",
      "*",
      "(",
      ")",
      ",",
      "1",
      "'x'",
      "WITH",
      "a",
      "AS",
      "DELETE",
      "read_text",
      "query",
      ";",
      "--",
      "/*",
      "*/",
      "\n",
      '"',
      "$$",
      "EXPLAIN",
      "UNION",
      "pg_settings",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 14 }), async (parts) => {
        const outcome = await engine.query(parts.join(" "), limits, never).catch((error: unknown) => error);
        if (outcome instanceof Error) expect((outcome as AppError).kind).not.toBe("internal");
        else expect(JSON.stringify(outcome)).not.toContain(canary);
      }),
      { numRuns: 200 },
    );
  });
});

/**
 * What the engine alone lets pass because it harms nobody but the process of this one query: it detaches a table, or
 * crashes DuckDB 1.5.6 itself (an exception in native code ends the process). The guard keeps these away; a new
 * process follows if it ever does not.
 */
const endsOwnProcess = /^DETACH|storage_path/;

describe("fault 87, layer two: the locked engine without the guard", () => {
  let worker: ChildWorker;
  let before: string;

  beforeAll(async () => {
    worker = new ChildWorker({
      entry: new URL("../testing/bare-engine-child.ts", import.meta.url),
      maxRssBytes: 1e9,
      log: pino({ level: "silent" }),
    });
    before = await fingerprint();
  });
  afterAll(() => worker.close());

  async function run(sql: string): Promise<{ error?: string; rows: string }> {
    return await worker.call(
      "run",
      { snapshot: warehouse.snapshot, options: warehouse.options, sql },
      { timeoutMs: 20_000 },
    );
  }

  test.each(hostileStatements)("reads and changes nothing by %j", async (sql) => {
    const outcome = await run(fill(sql)).catch((error: unknown) => ({ error: String(error), rows: "" }));
    expect(outcome.rows).not.toContain(canary);
    expect(await readdir(out)).toEqual([]);
    expect(await fingerprint()).toBe(before);
    if (endsOwnProcess.test(sql)) {
      worker.close();
      worker = new ChildWorker({
        entry: new URL("../testing/bare-engine-child.ts", import.meta.url),
        maxRssBytes: 1e9,
        log: pino({ level: "silent" }),
      });
    }
    const after = await run(
      "SELECT (SELECT count(*) FROM sales), current_setting('threads')::VARCHAR, current_setting('enable_external_access'), current_setting('lock_configuration')",
    );
    expect(after).toEqual({ rows: '[["3000","2",false,true]]' });
  });
});
