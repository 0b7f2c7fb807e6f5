import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Kysely, sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import { startScript } from "../testing/child-script.ts";
import { openStoreAt } from "../testing/store-engines.ts";
import type { CoreTables } from "./core-tables.ts";
import { createSqliteDialect } from "./sqlite-dialect.ts";
import { openSqliteFile } from "./sqlite-file.ts";
import type { MigrationSet, Store } from "./store.ts";

let dataDir = "";
const opened: Store<CoreTables>[] = [];
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-sqlite-"))));
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function open(folder = dataDir, migrations: readonly MigrationSet[] = []): Promise<Store<CoreTables>> {
  const store = await openStoreAt({ dataDir: folder }, migrations);
  opened.push(store);
  return store;
}

const result = (id: string, body = "[]") => ({
  id,
  server: "data",
  tool: "t",
  caller: "c",
  body,
  created_at: 1,
  expires_at: 2,
});

const enginesModule = new URL("../testing/store-engines.ts", import.meta.url).href;
/** Writes rows one after another and says each id once it is acknowledged. */
const writerScript = `
  import { openStoreAt } from ${JSON.stringify(enginesModule)};
  const [place, name, count] = process.argv.slice(2).map((text) => JSON.parse(text));
  const store = await openStoreAt(place);
  for (let index = 0; index < count; index += 1) {
    const id = name + "-" + index;
    const row = { id, server: "data", tool: "t", caller: "c", body: "[]", created_at: 1, expires_at: 2 };
    if (index % 2) await store.db.insertInto("results").values(row).execute();
    else await store.transaction((tx) => tx.insertInto("results").values(row).execute());
    process.stdout.write(id + "\\n");
  }
  await store.close();
`;

test("ten SIGKILLed writers lose no acknowledged row", { timeout: 60_000 }, async () => {
  const acknowledged: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    const writer = startScript(writerScript, { dataDir }, `round${round}`, 100_000);
    await writer.waitFor("round");
    setTimeout(() => writer.kill("SIGKILL"), 20 + Math.random() * 200);
    expect((await writer.ended).signal).toBe("SIGKILL");
    acknowledged.push(...writer.lines);
    const store = await open();
    const ids = new Set((await store.db.selectFrom("results").select("id").execute()).map((row) => row.id));
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
  }
  expect(acknowledged.length).toBeGreaterThan(50);
});

test("four processes that start together write to one folder and lose nothing", { timeout: 60_000 }, async () => {
  const writers = ["a", "b", "c", "d"].map((name) => startScript(writerScript, { dataDir }, name, 150));
  for (const writer of writers) expect(await writer.ended).toEqual({ code: 0, signal: null });
  const store = await open();
  const rows = await store.db.selectFrom("results").select("id").execute();
  expect(new Set(rows.map((row) => row.id)).size).toBe(600);
});

test("a waiting write does not hold up the event loop, and gives up after its budget", async () => {
  await open();
  const other = new DatabaseSync(join(dataDir, "sophia.db"));
  const db = new Kysely<CoreTables>({ dialect: createSqliteDialect(openSqliteFile(dataDir, 400)) });
  try {
    other.exec("BEGIN IMMEDIATE");
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 5);
    const refused = await db
      .insertInto("results")
      .values(result("1"))
      .execute()
      .catch((error: unknown) => error);
    clearInterval(timer);
    expect(refused).toMatchObject({ kind: "unavailable", retryable: true });
    expect(ticks).toBeGreaterThan(4);
    expect(await db.selectFrom("results").selectAll().execute()).toEqual([]);
    const waiting = db.insertInto("results").values(result("2")).execute();
    other.exec("ROLLBACK");
    await waiting;
  } finally {
    other.close();
    await db.destroy();
  }
});

test("fault 46: a full disk refuses writes, keeps what was there and resumes", async () => {
  const store = await open();
  await store.db.insertInto("results").values(result("before")).execute();
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(store.db);
  await sql.raw(`pragma max_page_count = ${(rows[0]?.page_count ?? 0) + 2}`).execute(store.db);
  const big = "x".repeat(100_000);
  await expect(store.db.insertInto("results").values(result("big", big)).execute()).rejects.toMatchObject(diskFull);
  const transaction = store.transaction(async (tx) => {
    await tx.insertInto("results").values(result("small")).execute();
    await tx.insertInto("results").values(result("big", big)).execute();
  });
  await expect(transaction).rejects.toMatchObject(diskFull);
  expect(await store.db.selectFrom("results").select("id").execute()).toEqual([{ id: "before" }]);
  await sql.raw("pragma max_page_count = 1000000").execute(store.db);
  await store.db.insertInto("results").values(result("big", big)).execute();
});

const diskFull = { name: "AppError", kind: "unavailable", message: expect.stringContaining("full") as string };

test("fault 46: the same on a real full file system", async ({ skip }) => {
  skip(!mountSmallDisk(dataDir), "mounting a small file system needs root");
  try {
    const store = await open();
    let failure: unknown;
    let written = 0;
    for (; written < 1_000 && failure === undefined; written += 1) {
      const insert = store.db.insertInto("results").values(result(`${written}`, "x".repeat(50_000)));
      failure = await insert.execute().then(
        () => undefined,
        (error: unknown) => error,
      );
    }
    expect(failure).toMatchObject(diskFull);
    expect((await store.db.selectFrom("results").select("id").execute()).length).toBe(written - 1);
    await store.close();
    expect((await (await open()).db.selectFrom("results").select("id").execute()).length).toBe(written - 1);
  } finally {
    for (const store of opened.splice(0)) await store.close();
    execFileSync("/bin/umount", [dataDir]);
  }
});

function mountSmallDisk(folder: string): boolean {
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=1500k", "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Root may write everywhere, so the test becomes somebody else for a moment. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0 || !process.seteuid) return await work();
  process.seteuid(65_534);
  try {
    return await work();
  } finally {
    process.seteuid(0);
  }
}

test("fault 47: a folder or file that cannot be written gives one error with its path and a fix", async () => {
  const beneathFile = join(dataDir, "file", "data");
  writeFileSync(join(dataDir, "file"), "");
  chmodSync(dataDir, 0o555);
  for (const folder of [dataDir, beneathFile, join(dataDir, "new")]) {
    const error = await asNobody(() => open(folder).catch((thrown: unknown) => thrown));
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ kind: "not_configured", message: expect.stringContaining(folder) as string });
    expect((error as AppError).hint).toContain("SOPHIA_DATA_DIR");
  }
  chmodSync(dataDir, 0o777);
  await (await open()).close();
  chmodSync(join(dataDir, "sophia.db"), 0o444);
  const error = await asNobody(() => open().catch((thrown: unknown) => thrown));
  expect(error).toMatchObject({ kind: "unavailable", message: expect.stringContaining("sophia.db") as string });
});

test.each([
  ["emptied", (file: string) => truncateSync(file, 0)],
  ["cut in half", (file: string) => truncateSync(file, Math.floor(statSync(file).size / 2 / 4096) * 4096)],
  ["overwritten with text", (file: string) => writeFileSync(file, "this is not a database ".repeat(1_000))],
  ["damaged in the middle", damageMiddle],
])("refuses a file that was %s, and leaves it as it is", async (_name, damage) => {
  const store = await open();
  for (let index = 0; index < 50; index += 1) {
    await store.db
      .insertInto("results")
      .values(result(`${index}`, "x".repeat(2_000)))
      .execute();
  }
  await store.close();
  const file = join(dataDir, "sophia.db");
  damage(file);
  const bytes = readFileSync(file);
  const error = await open().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ kind: "unavailable", message: expect.stringContaining("damaged") as string });
  expect((error as AppError).hint).toContain("backups");
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

function damageMiddle(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, Math.floor(bytes.length / 3), Math.floor(bytes.length / 3) + 20_000);
  writeFileSync(file, bytes);
}

test("copies an existing file before it changes tables that hold data, and keeps five copies", async () => {
  const migrations: MigrationSet["migrations"] = {};
  const addTable = (number: number) => {
    migrations[`000${number}`] = {
      up: (db) => db.schema.createTable(`extra_${number}`).addColumn("id", "text").execute(),
    };
  };
  for (let number = 1; number <= 8; number += 1) {
    addTable(number);
    const store = await open(dataDir, [{ owner: "test", migrations: { ...migrations } }]);
    if (number === 1) expect(readdirSync(dataDir)).not.toContain("backups");
    await store.db
      .insertInto("results")
      .values(result(`${number}`))
      .execute();
    await store.close();
  }
  const copies = readdirSync(join(dataDir, "backups")).toSorted();
  expect(copies).toHaveLength(5);
  const newest = new DatabaseSync(join(dataDir, "backups", copies.at(-1) ?? ""));
  expect(newest.prepare("select count(*) as count from results").get()).toMatchObject({ count: 7 });
  expect(newest.prepare("select name from sqlite_master where name = 'extra_8'").get()).toBeUndefined();
  newest.close();
});
