import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type RunningBi, startBi } from "../testing/bi-services.ts";
import type { WarehousePage } from "./warehouse.ts";

// Processes start here, and the machine may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bi: RunningBi;

beforeAll(async () => {
  bi = await startBi({
    SOPHIA_BI_MEMORY_MB: "256",
    SOPHIA_BI_SPILL_MB: "128",
    SOPHIA_BI_CONCURRENCY: "2",
    SOPHIA_BI_MAX_ROWS: "5000",
  });
  await bi.services.freshness.refresh();
});
afterAll(async () => await bi.close());

interface Asked {
  timeoutMs?: number;
  limit?: number;
  callerId?: string;
  signal?: AbortSignal;
}

async function ask(sql: string, asked: Asked = {}): Promise<WarehousePage> {
  const { timeoutMs = 20_000, limit = 100, callerId = "ann", signal = new AbortController().signal } = asked;
  return await bi.services.warehouse.query({ sql, timeoutMs, limit, callerId, signal });
}

describe("the sample warehouse", () => {
  test("is there, labelled, and shows the dip it was made with", async () => {
    const names = bi.services.warehouse.tables().map((table) => [table.name, table.sample]);
    expect(names).toEqual([
      ["sample_customers", true],
      ["sample_order_items", true],
      ["sample_orders", true],
      ["sample_products", true],
    ]);
    const { rows } = await ask(
      "SELECT region, count(*) FILTER (WHERE year(ordered_on) = 2025) / count(*) FILTER (WHERE year(ordered_on) = 2024) AS growth FROM sample_orders WHERE quarter(ordered_on) = 3 GROUP BY region ORDER BY growth",
    );
    expect(rows[0]?.[0]).toBe("west");
    expect(Number(rows[0]?.[1])).toBeLessThan(0.85);
    for (const [, growth] of rows.slice(1)) expect(Number(growth)).toBeGreaterThan(1);
  });

  test("is the same everywhere: all chance comes from the seed", async () => {
    const { rows } = await ask(
      "SELECT (SELECT count(*) FROM sample_orders), (SELECT count(*) FROM sample_order_items), (SELECT sum(quantity * unit_price) FROM sample_order_items), (SELECT string_agg(name, ',' ORDER BY customer_id) FROM (FROM sample_customers LIMIT 3))",
    );
    expect(rows).toMatchInlineSnapshot(`
      [
        [
          18815,
          44322,
          "13180589.67",
          "Hugo Dubois,Jonas Garcia,Ada Ivanov",
        ],
      ]
    `);
  });
});

describe("values", () => {
  test("never lose a digit on the way to JSON", async () => {
    const { rows } = await ask(
      "SELECT 9007199254740991, 9007199254740993, 170141183460469231731687303715884105727::HUGEINT, 0.1::DECIMAL(3, 1), 12345678901234567890.12::DECIMAL(38, 2), DATE '2024-02-29', TIMESTAMP '2024-02-29 10:00:00.123456', TIMESTAMPTZ '2024-02-29 10:00:00+02', 'nan'::DOUBLE, 'inf'::DOUBLE, 1.5::DOUBLE, NULL, true, [1, 2], {'a': 9007199254740993, 'b': 7}, 'ü🦆'",
    );
    expect(rows[0]).toEqual([
      9007199254740991,
      "9007199254740993",
      "170141183460469231731687303715884105727",
      "0.1",
      "12345678901234567890.12",
      "2024-02-29",
      "2024-02-29 10:00:00.123456",
      "2024-02-29 08:00:00+00",
      "NaN",
      "Infinity",
      1.5,
      null,
      true,
      "[1,2]",
      '{"a":"9007199254740993","b":7}',
      "ü🦆",
    ]);
  });
});

describe("limits", () => {
  test("a long result is read to the row limit and says so; pages come from one run", async () => {
    const first = await ask("SELECT i, random() AS chance FROM range(1000000) numbers(i)", { limit: 1_000 });
    expect(first.answer.cutBy).toBe("rows");
    expect(first.answer.rows).toHaveLength(5_000);
    let page = first;
    const seen = [...first.rows];
    while (page.nextCursor !== undefined) {
      page = bi.services.warehouse.nextPage({ cursor: page.nextCursor, callerId: "ann", limit: 1_000 });
      expect(page.offset).toBe(seen.length);
      seen.push(...page.rows);
    }
    expect(seen).toEqual(first.answer.rows);
    expect(seen.map(([i]) => i)).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
  });

  test("a cursor is of use to its caller only", async () => {
    const { nextCursor = "" } = await ask("FROM range(50)", { limit: 10 });
    expect(nextCursor).not.toBe("");
    expect(() => bi.services.warehouse.nextPage({ cursor: nextCursor, callerId: "bob", limit: 10 })).toThrow(
      "leads nowhere",
    );
    expect(() => bi.services.warehouse.nextPage({ cursor: `${nextCursor}9`, callerId: "ann", limit: 10 })).toThrow(
      "leads nowhere",
    );
  });

  test("long rows are cut by bytes, long cells say that they were cut", async () => {
    const wide = await ask("SELECT repeat('x', 5000) AS a FROM range(20000)");
    expect(wide.answer.cutBy).toBe("bytes");
    expect(String(wide.answer.rows[0]?.[0])).toMatch(/… \(cut: 5000 characters\)$/);
    expect(JSON.stringify(wide.rows).length).toBeLessThan(24_000);
    const one = await ask(
      `SELECT ${Array.from({ length: 40 }, (_, index) => `repeat('\u0001', 4000) AS c${index}`).join(", ")}`,
    );
    expect(JSON.stringify(one.rows).length).toBeLessThan(24_000);
  });

  test.each([
    ["an endless recursion", "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r"],
    ["a cross join", "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 3"],
    ["an expression that ignores the interrupt", "SELECT levenshtein(repeat('ab', 200000), repeat('ba', 200000))"],
  ])("%s is stopped at the time limit, and the next query works", async (_, sql) => {
    const startedAt = performance.now();
    await expect(ask(sql, { timeoutMs: 500 })).rejects.toMatchObject({
      kind: "timeout",
      message: "The query was stopped at its time limit.",
    });
    expect(performance.now() - startedAt).toBeLessThan(6_000);
    expect((await ask("SELECT 42")).rows).toEqual([[42]]);
  });

  test("a cancelled call stops its query", async () => {
    const controller = new AbortController();
    const running = ask("SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 3", {
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 300);
    await expect(running).rejects.toMatchObject({ kind: "timeout", message: "The call was cancelled." });
    expect((await ask("SELECT 42")).rows).toEqual([[42]]);
  });

  test.each([
    ["a list beyond DuckDB's limit", "SELECT len(list(i)) FROM range(300000000) numbers(i)"],
    ["a text that DuckDB does not count", "SELECT length(repeat('x', 1800000000))"],
    ["a result of large texts", "SELECT repeat('y', 1000000) FROM range(100000)"],
  ])(
    "%s ends as an error, not as a dead server",
    async (_, sql) => {
      const outcome = await ask(sql, { timeoutMs: 25_000 }).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ kind: "invalid_input" });
      else expect((outcome as WarehousePage).answer.cutBy).toBe("bytes");
      expect((await ask("SELECT 42")).rows).toEqual([[42]]);
    },
    60_000,
  );

  test("queries beyond the running and waiting ones are refused at once", async () => {
    const controller = new AbortController();
    const slow = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range * b.range) % 7 = 3";
    const outcomes: string[] = [];
    const many = Array.from({ length: 2 + 16 + 5 }, async () => {
      const error = await ask(slow, { signal: controller.signal }).catch((thrown: unknown) => thrown);
      outcomes.push((error as { kind: string }).kind);
    });
    await delay(500);
    expect(outcomes).toEqual(Array.from({ length: 5 }, () => "rate_limited"));
    controller.abort();
    await Promise.all(many);
    expect(outcomes.slice(5).every((kind) => kind === "timeout")).toBe(true);
    expect((await ask("SELECT 42")).rows).toEqual([[42]]);
  });

  test("the event loop stays free during a heavy query", async () => {
    const gaps: number[] = [];
    let last = performance.now();
    const timer = setInterval(() => {
      gaps.push(performance.now() - last - 10);
      last = performance.now();
    }, 10);
    await ask("SELECT count(DISTINCT hash(i)) FROM range(4000000) numbers(i)").catch(() => undefined);
    clearInterval(timer);
    const median = gaps.sort((left, right) => left - right)[Math.floor(gaps.length / 2)] ?? 0;
    // The median, for the machine is shared: a query on this loop would give one gap as long as itself.
    expect(gaps.length).toBeGreaterThan(5);
    expect(median).toBeLessThan(20);
  });

  test("spilling works behind the lock, and leaves nothing outside its own directory", async () => {
    const { rows } = await ask(
      "SELECT count(*) FROM (SELECT i, hash(i) AS h FROM range(8000000) numbers(i) ORDER BY h)",
    );
    expect(rows).toEqual([[8_000_000]]);
    expect(readdirSync(join(bi.dataDir, "bi")).sort()).toEqual(
      expect.arrayContaining(["catalogue.db", "scratch", "tables"]),
    );
  });
});

describe("errors", () => {
  test.each([
    ["SELECT * FROM sample_order", "not_found", "Did you mean sample_orders?"],
    ["SELECT regoin FROM sample_orders", "invalid_input", "Did you mean region of sample_orders?"],
    ["SELECT region, count(*) FROM sample_orders", "invalid_input", "GROUP BY ALL"],
    ["SELECT coutn(*) FROM sample_orders", "invalid_input", "Did you mean count?"],
    [
      "SELECT customer_id FROM sample_orders o JOIN sample_customers c ON c.customer_id = o.customer_id",
      "invalid_input",
      "t.column",
    ],
    ["SELECT region::INTEGER FROM sample_orders", "invalid_input", "TRY_CAST"],
    ["SELEC 1", "invalid_input", "DuckDB"],
    ["PIVOT sample_orders ON region USING count(*)", "invalid_input", "Name the values"],
    ["DROP TABLE sample_orders", "denied", "Write one SELECT."],
  ])("%s → %s with a way on", async (sql, kind, hint) => {
    const error = (await ask(sql).catch((thrown: unknown) => thrown)) as {
      kind: string;
      hint: string;
      message: string;
    };
    expect(error.kind).toBe(kind);
    expect(error.hint).toContain(hint);
    expect(error.message).not.toMatch(/exception|Binder|Catalog Error/);
  });

  test("values of the data do not get into error texts", async () => {
    const error = (await ask("SELECT name::INTEGER FROM sample_customers").catch(
      (thrown: unknown) => thrown,
    )) as Error & { hint: string };
    expect(`${error.message}${error.hint}`).not.toMatch(/Ada|Becker|Jensen/);
  });
});
