import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import type { CoreTables } from "./core-tables.ts";
import type { Store } from "./store.ts";

let engine: StoreEngine | undefined;
let place: StorePlace;
let store: Store<CoreTables>;
let admin: Client;

beforeAll(async () => {
  engine = await startEngine("postgres");
  if (!engine) return;
  place = await engine.createPlace();
  store = await engine.open(place);
  admin = new Client({ connectionString: place.url });
  await admin.connect();
});
afterAll(async () => {
  await admin?.end();
  await engine?.stop();
});

const row = (id: string) => ({ id, server: "data", tool: "t", caller: "c", body: "[]", created_at: 1, expires_at: 2 });
const count = async () => (await store.db.selectFrom("results").select("id").execute()).length;

test("fault 21: a killed backend costs one transaction a retry, nothing else", async ({ skip }) => {
  skip(!engine, "no PostgreSQL on this machine");
  let runs = 0;
  await store.transaction(async (tx) => {
    runs += 1;
    await tx.insertInto("results").values(row("killed")).execute();
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    if (runs === 1) await admin.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
    await tx.updateTable("results").set({ body: "[1]" }).where("id", "=", "killed").execute();
  });
  expect(runs).toBe(2);
  expect(await count()).toBe(1);
  // Idle connections die too: the process lives on and the pool makes new ones.
  await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sophia'");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await count()).toBe(1);
});

test("fault 21: a connection lost in a lone write is an unknown outcome, never repeated", async ({ skip }) => {
  skip(!engine, "no PostgreSQL on this machine");
  const slow = sql`insert into results select 'slow', 'data', 't', 'c', '[]', 1, 2 from pg_sleep(2)`.execute(store.db);
  const settled = slow.catch((error: unknown) => error);
  await expect.poll(killSlow, { timeout: 2_000 }).toBe(1);
  expect(await settled).toMatchObject({ kind: "unavailable", retryable: false, message: /unknown/ });
});

async function killSlow(): Promise<number> {
  const found = await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where query like 'insert into results select%'",
  );
  return found.rowCount ?? 0;
}

test("fault 23: a stopped server gives an error in time, and the pool works when it continues", async ({ skip }) => {
  skip(!engine?.postgres, "no PostgreSQL on this machine");
  await count();
  const pids = engine?.postgres?.pids() ?? [];
  signalAll(pids, "SIGSTOP");
  const startedAt = performance.now();
  const error = await count().catch((thrown: unknown) => thrown);
  const tookMs = performance.now() - startedAt;
  signalAll(pids, "SIGCONT");
  expect(error).toMatchObject({ name: "AppError", kind: "unavailable" });
  expect(tookMs).toBeLessThan(5_500);
  expect(await count()).toBe(1);
});

/** PostgreSQL's background workers come and go: one may be gone between its listing and its signal. */
function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}

test("fault 25: a deadlock is retried and both transactions get through", async ({ skip }) => {
  skip(!engine, "no PostgreSQL on this machine");
  await store.db
    .insertInto("results")
    .values([row("x"), row("y")])
    .execute();
  const touch = (first: string, second: string) =>
    store.transaction(async (tx) => {
      await tx.updateTable("results").set({ body: first }).where("id", "=", first).execute();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await tx.updateTable("results").set({ body: first }).where("id", "=", second).execute();
    });
  await Promise.all([touch("x", "y"), touch("y", "x")]);
});

test("fault 25: a locked table gives a timeout that says so", async ({ skip }) => {
  skip(!engine, "no PostgreSQL on this machine");
  await admin.query("begin");
  await admin.query("lock table results in access exclusive mode");
  const error = await count().catch((thrown: unknown) => thrown);
  await admin.query("rollback");
  expect(error).toMatchObject({ name: "AppError", kind: "timeout", retryable: true });
});

test("fault 26: a read-only server refuses writes with the reason and answers reads", async ({ skip }) => {
  skip(!engine, "no PostgreSQL on this machine");
  const before = await count();
  await admin.query("alter system set default_transaction_read_only = on");
  await admin.query("select pg_reload_conf()");
  const write = () => store.db.insertInto("results").values(row(crypto.randomUUID())).execute();
  await expect
    .poll(
      () =>
        write().then(
          () => undefined,
          (error: unknown) => error,
        ),
      { timeout: 5_000 },
    )
    .toMatchObject({ kind: "unavailable", message: /reads only/ });
  expect(await count()).toBeGreaterThanOrEqual(before);
  await admin.query("set transaction_read_only = off").catch(() => {});
  await admin.query("set default_transaction_read_only = off");
  await admin.query("alter system reset default_transaction_read_only");
  await admin.query("select pg_reload_conf()");
  await expect
    .poll(
      () =>
        write().then(
          () => "ok",
          () => "refused",
        ),
      { timeout: 5_000 },
    )
    .toBe("ok");
});

test("a server that is not there, or refuses the user, is named without the address", async ({ skip }) => {
  skip(!engine || !place.url, "no PostgreSQL on this machine");
  const wrong = new URL(place.url ?? "");
  wrong.password = "canary-password";
  wrong.pathname = "/missing";
  const refused = await engine?.open({ ...place, url: wrong.href }).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    kind: "not_configured",
    hint: expect.stringContaining("SOPHIA_DATABASE_URL") as string,
  });
  wrong.port = "1";
  const absent = await engine?.open({ ...place, url: wrong.href }).catch((error: unknown) => error);
  expect(absent).toMatchObject({ kind: "unavailable" });
  expect(String(absent) + String(refused)).not.toContain("canary-password");
});
