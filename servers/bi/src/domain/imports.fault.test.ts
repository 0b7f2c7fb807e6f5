import { fork } from "node:child_process";
import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type RunningBi, startBi } from "../testing/bi-services.ts";
import type { Cell } from "./cell-values.ts";

// Processes start here, and the machine may be busy with others.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const settings = { SOPHIA_BI_SAMPLE: "off", SOPHIA_BI_CONCURRENCY: "1" };
const signal = new AbortController().signal;

let folder: string;
let dataDir: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sophia-files-"));
  dataDir = await mkdtemp(join(tmpdir(), "sophia-bi-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
});

async function rowsOf(running: RunningBi, sql: string): Promise<Cell[][]> {
  const page = await running.services.warehouse.query({
    sql,
    callerId: "ann",
    limit: 1_000,
    timeoutMs: 20_000,
    signal,
  });
  return page.rows;
}

describe("SIGKILL", () => {
  test("loses no import that was acknowledged, and leaves no half table", async () => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 6; i++)
        await writeFile(join(folder, `t${i}.csv`), `round,n\n${`${round},${i}\n`.repeat(1_000 * (i + 1))}`);
      const acknowledged = new Map<string, number>();
      const child = fork(
        fileURLToPath(new URL("../testing/import-until-killed.ts", import.meta.url)),
        [folder, dataDir],
        { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] },
      );
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.on("message", ({ table, rows }: { table: string; rows: number }) => {
        acknowledged.set(table, rows);
        if (acknowledged.size > round) child.kill("SIGKILL");
      });
      await ended;
      expect(acknowledged.size).toBeGreaterThan(round);
      const running = await startBi({ ...settings, SOPHIA_BI_IMPORT_ROOTS: folder }, dataDir);
      for (const [table, rows] of acknowledged) {
        expect(await rowsOf(running, `SELECT count(*), min(round), max(round) FROM ${table}`)).toEqual([
          [rows, round, round],
        ]);
      }
      for (const table of running.services.warehouse.tables()) {
        expect(await rowsOf(running, `SELECT count(*) FROM ${table.name}`)).toEqual([[table.rows]]);
      }
      expect(running.services.imports.runs(1)).toMatchObject([{ state: "interrupted" }]);
      await running.close();
      const staging = await readdir(join(dataDir, "bi", "staging"));
      expect(staging).toEqual([]);
    }
  }, 120_000);
});

test("two processes' worth of catalogues on one directory see each other's imports", async () => {
  await writeFile(join(folder, "a.csv"), "a\n1\n");
  const watch = { signal, progress: (): void => undefined };
  const running = await startBi({ ...settings, SOPHIA_BI_IMPORT_ROOTS: folder }, dataDir);
  const second = await startBi({ ...settings, SOPHIA_BI_IMPORT_ROOTS: folder }, dataDir);
  await running.services.imports.run(folder, watch);
  expect(await rowsOf(second, "SELECT a FROM a")).toEqual([[1]]);
  await copyFile(join(folder, "a.csv"), join(folder, "b.csv"));
  await second.services.imports.run(folder, watch);
  expect(await rowsOf(running, "SELECT a.a, b.a FROM a, b")).toEqual([[1, 1]]);
  await second.close();
  await running.close();
});
