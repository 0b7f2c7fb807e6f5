import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { replaceSecret, Secret } from "../config/secret.ts";
import { silentLog, startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import type { CoreTables } from "./core-tables.ts";
import { openStore, type Store } from "./store.ts";

let engine: StoreEngine | undefined;
let admin: Client;
beforeAll(async () => {
  engine = await startEngine("postgres");
  if (!engine) return;
  admin = new Client({ connectionString: engine.postgres?.url });
  await admin.connect();
  for (const role of ["one", "other"]) await admin.query(`create role ${role} superuser login`);
});
afterAll(async () => {
  await admin?.end();
  await engine?.stop();
});

let place: StorePlace;
let url: Secret;
let store: Store<CoreTables>;
const uses: { used: Secret; accepted: boolean }[] = [];
beforeEach(async () => {
  if (!engine) return;
  place = await engine.createPlace();
  await admin.query("alter role one login");
  uses.length = 0;
  url = new Secret(urlOf("one"));
  const onDatabaseUse = (used: Secret, accepted: boolean) => void uses.push({ used, accepted });
  store = await openStore({ dataDir: place.dataDir, databaseUrl: url, migrations: [], log: silentLog, onDatabaseUse });
});
afterEach(() => store?.close());

function urlOf(user: string): string {
  const text = new URL(place.url ?? "");
  text.username = user;
  return text.href;
}

const user = async () =>
  (await sql<{ user: string }>`select session_user::text as user`.execute(store.db)).rows[0]?.user;
const sessions = async (role: string) =>
  Number((await admin.query("select count(*) from pg_stat_activity where usename = $1", [role])).rows[0]?.count);

test("calls that wait for a connection while the URL changes all get one, and the old role is left", async ({
  skip,
}) => {
  skip(!engine, "no PostgreSQL on this machine");
  const slow = async () => await sql`select pg_sleep(0.03)`.execute(store.db);
  const calls = Array.from({ length: 60 }, slow);
  await new Promise((resolve) => setTimeout(resolve, 20));
  replaceSecret(url, urlOf("other"));
  calls.push(...Array.from({ length: 60 }, slow));
  await Promise.all(calls);
  await expect.poll(user).toBe("other");
  await expect.poll(() => sessions("one")).toBe(0);
  expect(uses.every(({ accepted }) => accepted)).toBe(true);
});

test("a URL that does not work costs no call anything, and is told; the next one is followed", async ({ skip }) => {
  skip(!engine, "no PostgreSQL on this machine");
  replaceSecret(url, urlOf("nobody"));
  for (let call = 0; call < 20; call += 1) expect(await user()).toBe("one");
  await expect.poll(() => uses.filter(({ accepted }) => !accepted).length).toBe(1);
  replaceSecret(url, urlOf("other"));
  await expect.poll(user, { timeout: 5_000 }).toBe("other");
});

test("where the old role has ended already, the first call goes over the new one", async ({ skip }) => {
  skip(!engine, "no PostgreSQL on this machine");
  expect(await user()).toBe("one");
  await admin.query("alter role one nologin");
  await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'one'");
  await expect.poll(() => sessions("one")).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  replaceSecret(url, urlOf("other"));
  expect(await user()).toBe("other");
});
