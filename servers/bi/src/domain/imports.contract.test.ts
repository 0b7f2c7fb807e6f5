import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { eventually, type RunningBi, startBi } from "../testing/bi-services.ts";
import type { Cell } from "./cell-values.ts";
import type { CatalogueTable } from "./catalogue.ts";

// Processes start here, and the machine may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const watch = { signal: new AbortController().signal, progress: (): void => undefined };
const settings = { SOPHIA_BI_SAMPLE: "off", SOPHIA_BI_MEMORY_MB: "512", SOPHIA_BI_CONCURRENCY: "1" };

let folder: string;
let bi: RunningBi | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sophia-files-"));
});
afterEach(async () => {
  await bi?.close();
  bi = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(extra: Record<string, string> = {}): Promise<RunningBi> {
  bi = await startBi({ ...settings, SOPHIA_BI_IMPORT_ROOTS: folder, ...extra });
  return bi;
}

async function rowsOf(running: RunningBi, sql: string): Promise<Cell[][]> {
  const page = await running.services.warehouse.query({
    sql,
    callerId: "ann",
    limit: 1_000,
    timeoutMs: 20_000,
    signal: watch.signal,
  });
  return page.rows;
}

function tableOf(running: RunningBi, name: string): CatalogueTable {
  const found = running.services.warehouse.tables().find((table) => table.name === name);
  if (!found) throw new Error(`no table ${name}`);
  return found;
}

function guessOf(table: CatalogueTable, column: string): string {
  return table.guesses
    .filter((guess) => guess.column === column)
    .map((guess) => guess.guess)
    .join("; ");
}

describe("reading files", () => {
  test("a messy CSV becomes a table with every guess stated and no row lost to a type", async () => {
    const lines = ["id;zip;amount;ordered;when;paid;note"];
    for (let i = 0; i < 30_000; i++) {
      const day = String(1 + (i % 28)).padStart(2, "0");
      const when = [`2024-03-${day}`, `${day}.03.2024`, `${day}/03/2024`][i % 3];
      const note = i === 29_999 ? "free text" : String(i);
      lines.push(
        `${i};0${10_000 + i};"1.${String(i % 1000).padStart(3, "0")},50";2024-03-${day};${when};${i % 2 ? "yes" : "n/a"};${note}`,
      );
    }
    lines.splice(10_000, 0, "too;few");
    await writeFile(join(folder, "Messy Sales (2024).csv"), `\uFEFF${lines.join("\r\n")}\r\n`);
    const running = await start();
    const run = await running.services.imports.run(folder, watch);
    expect(run.outcomes).toMatchObject([
      { table: "messy_sales_2024", result: "imported", rows: 30_000, rejectedRows: 1 },
    ]);
    const table = tableOf(running, "messy_sales_2024");
    expect(table.rejectedExamples).toEqual([{ line: 10_001, reason: "too few columns" }]);
    expect(table.columns.map((column) => [column.name, column.type])).toEqual([
      ["id", "BIGINT"],
      ["zip", "VARCHAR"],
      ["amount", "DECIMAL(18,2)"],
      ["ordered", "DATE"],
      ["when", "DATE"],
      ["paid", "BOOLEAN"],
      ["note", "VARCHAR"],
    ]);
    expect(table.guesses).toEqual(
      expect.arrayContaining([
        { what: "encoding", guess: "utf-8, with a byte order mark" },
        { what: "delimiter", guess: ";" },
        { what: "header", guess: "first line" },
      ]),
    );
    expect(guessOf(table, "zip")).toContain("start with 0");
    expect(guessOf(table, "amount")).toContain("decimal comma");
    expect(guessOf(table, "when")).toContain("%Y-%m-%d and %d.%m.%Y and %d/%m/%Y");
    expect(guessOf(table, "paid")).toContain("15000 values such as n/a");
    expect(guessOf(table, "note")).toBe("kept as text: 1 of 30000 values are not whole numbers");
    expect(
      await rowsOf(
        running,
        'SELECT id, zip, amount, "when" FROM messy_sales_2024 WHERE id IN (0, 1, 29999) ORDER BY id',
      ),
    ).toEqual([
      [0, "010000", "1000.50", "2024-03-01"],
      [1, "010001", "1001.50", "2024-03-02"],
      [29_999, "039999", "1999.50", "2024-03-12"],
    ]);
  });

  test.each([
    [
      "day and month contradict each other",
      ["13/02/2024", "02/13/2024"],
      "VARCHAR",
      "kept as text: some dates can only be day/month",
    ],
    ["month first", ["02/13/2024", "03/01/2024"], "DATE", "%m/%d/%Y"],
    ["open order", ["01/02/2024", "03/04/2024"], "DATE", "is open"],
    ["long numbers stay what they are", ["123456789012345678901", "2"], "VARCHAR", ""],
    ["scales are kept", ["1.5", "2.125"], "DECIMAL(18,3)", "exact"],
    ["thousands", ["1,234,567.5", "12"], "DECIMAL(18,1)", "commas between thousands"],
    ["phone numbers", ["+4915112345678", "+33612345678"], "VARCHAR", "like phone numbers do"],
    ["signs are no phone numbers", ["+5", "-3"], "BIGINT", "whole numbers"],
    ["zones", ["2024-01-01T10:00:00+02:00", "2024-01-01T10:00:00Z"], "TIMESTAMP WITH TIME ZONE", "with a zone"],
  ])("types: %s", async (_, values, type, guess) => {
    await writeFile(join(folder, "t.csv"), `n,x\n${values.map((value, index) => `${index},"${value}"`).join("\n")}\n`);
    const running = await start();
    await running.services.imports.run(folder, watch);
    const table = tableOf(running, "t");
    expect(table.columns[1]).toMatchObject({ name: "x", type });
    expect(guessOf(table, "x")).toContain(guess);
  });

  test("NDJSON with broken lines, JSON, Parquet, Latin-1 and UTF-16", async () => {
    await writeFile(join(folder, "events.ndjson"), '{"a":1,"b":{"c":"x"}}\n{"a":2,\n{"a":3,"b":null}\n');
    await writeFile(
      join(folder, "list.json"),
      JSON.stringify([
        { id: 1, tags: ["x"] },
        { id: 2, tags: [] },
      ]),
    );
    await writeFile(join(folder, "latin.csv"), Buffer.from("name,city\nJos\u00e9,M\u00e1laga\n", "latin1"));
    await writeFile(join(folder, "wide.csv"), Buffer.from("\uFEFFname,city\nJos\u00e9,M\u00e1laga\n", "utf16le"));
    await writeFile(join(folder, "broken.json"), '{"a": [1, 2');
    await writeFile(join(folder, "broken.parquet"), "PAR1 not really");
    const running = await start();
    const run = await running.services.imports.run(folder, watch);
    const results = Object.fromEntries(
      run.outcomes.map((outcome) => [
        outcome.source.split("/").at(-1),
        [outcome.result, outcome.rejectedRows ?? outcome.reason],
      ]),
    );
    expect(results).toMatchObject({
      "events.ndjson": ["imported", 1],
      "list.json": ["imported", 0],
      "latin.csv": ["imported", 0],
      "wide.csv": ["imported", 0],
      "broken.json": ["failed", expect.stringContaining("not valid JSON")],
      "broken.parquet": ["failed", expect.stringContaining("could not be read")],
    });
    expect(await rowsOf(running, "SELECT name, city FROM latin UNION ALL SELECT name, city FROM wide")).toEqual([
      ["José", "Málaga"],
      ["José", "Málaga"],
    ]);
    expect(await rowsOf(running, "SELECT a, b.c FROM events ORDER BY a")).toEqual([
      [1, "x"],
      [3, null],
    ]);
  });

  test("a million rows are imported and can be asked", async () => {
    const rows = Array.from(
      { length: 1_000_000 },
      (_, i) => `${i},2024-01-${String(1 + (i % 28)).padStart(2, "0")},${(i % 1000) / 10},r${i % 5}`,
    );
    await writeFile(join(folder, "big.csv"), `id,day,amount,region\n${rows.join("\n")}\n`);
    const running = await start();
    const seen: string[] = [];
    await running.services.imports.run(folder, { ...watch, progress: ({ message }) => void seen.push(message ?? "") });
    expect(seen).toEqual(expect.arrayContaining(["importing big.csv", "big.csv: copying", "big.csv: reading"]));
    expect(await rowsOf(running, "SELECT count(*), sum(amount), min(day) FROM big")).toEqual([
      [1_000_000, "49950000.0", "2024-01-01"],
    ]);
  }, 120_000);

  test("names that collide, are reserved or look like the engine's get names of their own, and keep them", async () => {
    await mkdir(join(folder, "2023"));
    for (const name of [
      "sales.csv",
      "sales.json",
      "2023/sales.csv",
      "select.csv",
      "semi.csv",
      "pg_settings.csv",
      "2024.csv",
      "Ünïcode näme.csv",
      "sample_orders.csv",
    ]) {
      await writeFile(join(folder, name), name.endsWith("json") ? '[{"a": 1}]' : "a\n1\n");
    }
    const running = await start();
    await running.services.imports.run(folder, watch);
    const names = running.services.warehouse.tables().map((table) => table.name);
    expect(names).toEqual([
      "sales",
      "sales_2",
      "sales_3",
      "t_2024",
      "t_pg_settings",
      "t_sample_orders",
      "t_select",
      "t_semi",
      "unicode_name",
    ]);
    expect(tableOf(running, "sales").source).toBe(join(folder, "2023/sales.csv"));
    await writeFile(join(folder, "sales.csv"), "a\n1\n2\n");
    await running.services.imports.run(folder, watch);
    expect(tableOf(running, "sales_2")).toMatchObject({ rows: 2, source: join(folder, "sales.csv") });
    for (const name of names) expect(await rowsOf(running, `SELECT count(*) FROM ${name}`)).toHaveLength(1);
  });
});

describe("importing again", () => {
  test("is idempotent by content, whatever the time stamps say", async () => {
    const path = join(folder, "a.csv");
    await writeFile(path, "a\n1\n");
    const running = await start();
    await running.services.imports.run(folder, watch);
    const before = tableOf(running, "a");
    expect((await running.services.imports.run(folder, watch)).outcomes).toMatchObject([{ result: "unchanged" }]);
    await utimes(path, new Date(), new Date(Date.now() + 5_000));
    expect((await running.services.imports.preview(folder)).files).toMatchObject([{ state: "changed" }]);
    expect((await running.services.imports.run(folder, watch)).outcomes).toMatchObject([
      { result: "unchanged", table: "a" },
    ]);
    expect((await running.services.imports.preview(folder)).files).toMatchObject([{ state: "unchanged" }]);
    expect(tableOf(running, "a")).toMatchObject({ file: before.file, importedAt: before.importedAt });
  });

  test("a broken new version leaves the old table, a good one replaces it while queries run", async () => {
    const path = join(folder, "a.json");
    await writeFile(path, '[{"v": 1}]');
    const running = await start();
    await running.services.imports.run(folder, watch);
    await writeFile(path, '[{"v": 2');
    expect((await running.services.imports.run(folder, watch)).state).toBe("failed");
    expect(await rowsOf(running, "SELECT v FROM a")).toEqual([[1]]);
    const answers = new Set<string>();
    let done = false;
    const asking = (async () => {
      while (!done) answers.add(JSON.stringify(await rowsOf(running, "SELECT count(*), min(v), max(v) FROM a")));
    })();
    for (const version of [2, 3, 4]) {
      await writeFile(`${path}.new`, JSON.stringify(Array.from({ length: version * 1_000 }, () => ({ v: version }))));
      await rename(`${path}.new`, path);
      await running.services.imports.run(folder, watch);
    }
    done = true;
    await asking;
    const whole = new Set(["[[1,1,1]]", "[[2000,2,2]]", "[[3000,3,3]]", "[[4000,4,4]]"]);
    for (const answer of answers) expect(whole).toContain(answer);
    expect(await rowsOf(running, "SELECT count(*) FROM a")).toEqual([[4_000]]);
  });

  test("the folder of the configuration is imported at start and again when files change", async () => {
    await writeFile(join(folder, "a.csv"), "a\n1\n");
    const running = await start({ SOPHIA_BI_FOLDER: folder });
    await eventually(async () => {
      await running.services.freshness.refresh();
      return running.services.warehouse.tables().length === 1 || undefined;
    });
    await writeFile(join(folder, "a.csv"), "a\n1\n2\n");
    await writeFile(join(folder, "b.csv"), "b\nx\n");
    await eventually(async () => {
      await running.services.freshness.refresh();
      return (running.services.warehouse.tables().length === 2 && tableOf(running, "a").rows === 2) || undefined;
    });
    expect(await rowsOf(running, "SELECT count(*) FROM a, b")).toEqual([[2]]);
  });

  test("a cancelled import commits nothing of the file it was in", async () => {
    await writeFile(join(folder, "a.csv"), "a\n1\n");
    await writeFile(join(folder, "b.csv"), `a,b\n${"1,2\n".repeat(500_000)}`);
    const running = await start();
    const controller = new AbortController();
    const stopAtB = ({ message }: { message?: string }): void => {
      if (message === "b.csv: reading") controller.abort();
    };
    await expect(
      running.services.imports.run(folder, { signal: controller.signal, progress: stopAtB }),
    ).rejects.toThrow();
    expect(running.services.warehouse.tables().map((table) => table.name)).toEqual(["a"]);
    expect(running.services.imports.runs(1)).toMatchObject([{ state: "interrupted" }]);
    expect((await running.services.imports.run(folder, watch)).outcomes).toMatchObject([
      { result: "unchanged" },
      { result: "imported" },
    ]);
  });
});
