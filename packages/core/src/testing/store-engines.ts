import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { pino } from "pino";
import { Secret } from "../config/secret.ts";
import type { CoreTables } from "../store/core-tables.ts";
import { type Engine, type MigrationSet, openStore, type Store } from "../store/store.ts";
import { type Peer, startPostgres } from "./peers.ts";
import { startPgvector } from "./pgvector-peer.ts";

/** Where one test's store lives: enough to open it again, also from another process. */
export interface StorePlace {
  dataDir: string;
  /** Clear text, for child processes. */
  url?: string;
}

/** Empty stores of one engine for a test file. */
export interface StoreEngine {
  createPlace(): Promise<StorePlace>;
  open<Tables = CoreTables>(place: StorePlace, migrations?: readonly MigrationSet[]): Promise<Store<Tables>>;
  /** Closes all stores opened here: after each test, or idle pools use up the server's connections. */
  closeStores(): Promise<void>;
  stop(): Promise<void>;
  readonly postgres: Peer | undefined;
}

export const silentLog = pino({ level: "silent" });

/** `undefined` where this machine has no PostgreSQL (said aloud by startPostgres). */
export async function startEngine(engine: Engine | "pgvector"): Promise<StoreEngine | undefined> {
  const pgvector = engine === "pgvector" ? await startPgvector() : undefined;
  const postgres = engine === "postgres" ? await startPostgres() : pgvector;
  if (engine === "postgres" && !postgres) return undefined;
  const folders: string[] = [];
  const stores: Store<never>[] = [];

  async function createPlace(): Promise<StorePlace> {
    const dataDir = mkdtempSync(join(tmpdir(), "sophia-store-"));
    folders.push(dataDir);
    if (!postgres) return { dataDir };
    if (pgvector?.hasDatabases === false) return { dataDir, url: await emptyDatabase(postgres.url) };
    return { dataDir, url: await createDatabase(postgres.url) };
  }

  async function open<Tables>(place: StorePlace, migrations: readonly MigrationSet[] = []): Promise<Store<Tables>> {
    const store = await openStoreAt<Tables>(place, migrations);
    stores.push(store as unknown as Store<never>);
    return store;
  }

  async function closeStores(): Promise<void> {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  }

  return {
    createPlace,
    open,
    postgres,
    closeStores,
    async stop() {
      await closeStores();
      await postgres?.stop();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Opens a place as a server would; also used by the worker scripts of contract tests. */
export async function openStoreAt<Tables = CoreTables>(
  place: StorePlace,
  migrations: readonly MigrationSet[] = [],
): Promise<Store<Tables>> {
  const database = place.url === undefined ? {} : { databaseUrl: new Secret(place.url) };
  return await openStore<Tables>({ dataDir: place.dataDir, ...database, migrations, log: silentLog });
}

async function emptyDatabase(url: string): Promise<string> {
  await execute(url, "drop schema public cascade");
  await execute(url, "create schema public");
  return url;
}

async function createDatabase(url: string): Promise<string> {
  const name = `t_${randomUUID().replaceAll("-", "")}`;
  await execute(url, `create database ${name}`);
  const created = new URL(url);
  created.pathname = `/${name}`;
  return created.href;
}

async function execute(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}
