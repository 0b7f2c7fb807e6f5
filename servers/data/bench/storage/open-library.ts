import { systemClock } from "@sophia/core/limits/clock";
import { type Engine, narrowStore, type Store } from "@sophia/core/store/store";
import { silentLog, type StoreEngine } from "@sophia/core/testing/store-engines";
import { sql } from "kysely";
import { createDocumentStore, type DocumentStore } from "../../src/documents/document-store.ts";
import { dataMigrations } from "../../src/documents/migrations.ts";
import type { DataTables } from "../../src/documents/tables.ts";
import type { ExtractedPage } from "../../src/domain/extract-page.ts";
import { createFiledDocuments } from "../../src/filing/filed-documents.ts";
import { createFiler } from "../../src/filing/filer.ts";
import type { FilingTables } from "../../src/filing/filing-tables.ts";
import { filingMigrations } from "../../src/filing/migrations.ts";

export interface BenchPage {
  url: string;
  html: Buffer;
  page: ExtractedPage;
}

export interface Library {
  store: Store<FilingTables>;
  plain: DocumentStore;
  filed: DocumentStore;
  save(item: BenchPage, options?: { keepsOriginal?: boolean; documents?: DocumentStore }): Promise<void>;
  /** Bytes of tables with their indexes beyond those of an empty store: of all together, and of each. */
  sizes(): Promise<Sizes>;
}

export interface Sizes {
  total: number;
  blobs: number;
  tables: Record<string, number>;
}

/** An empty store with the tables of documents, blobs, words, keys, edges and groups. */
export async function openLibrary(engines: StoreEngine): Promise<Library> {
  const migrations = [dataMigrations, filingMigrations];
  const store = await engines.open<FilingTables>(await engines.createPlace(), migrations);
  const parts = { store, clock: systemClock };
  const plain = createDocumentStore({ ...parts, store: narrowStore<DataTables, FilingTables>(store) });
  const filed = createFiledDocuments(plain, { filer: createFiler(parts), log: silentLog });
  const empty = await sizesOf(store);
  return {
    store,
    plain,
    filed,
    async save({ url, html, page }, { keepsOriginal = false, documents = filed } = {}) {
      const original = keepsOriginal ? { original: html } : {};
      await documents.save(page, { url, finalUrl: url, source: "direct", ...original });
    },
    async sizes() {
      const full = await sizesOf(store);
      const tables = Object.fromEntries([...full].map(([name, bytes]) => [name, bytes - (empty.get(name) ?? 0)]));
      const total = Object.values(tables).reduce((sum, bytes) => sum + bytes, 0);
      return { total, blobs: tables["data_blobs"] ?? 0, tables };
    },
  };
}

/** What PostgreSQL does by itself with the same pages in a column. */
export async function sizeByDefault({ store }: Library, pages: readonly BenchPage[]): Promise<number> {
  await sql`create table bench_pages (id integer primary key, html bytea not null)`.execute(store.db);
  for (const [id, { html }] of pages.entries()) {
    await sql`insert into bench_pages (id, html) values (${id}, ${html})`.execute(store.db);
  }
  const { rows } = await sql<{
    size: string;
  }>`select pg_total_relation_size('bench_pages')::text as size`.execute(store.db);
  return Number(rows[0]?.size);
}

/** Pages of SQLite by its table dbstat, with the tables of its full-text index; PostgreSQL's own count. */
async function sizesOf({
  db,
  engine,
}: {
  db: Store<FilingTables>["db"];
  engine: Engine;
}): Promise<Map<string, number>> {
  await (engine === "sqlite" ? sql`vacuum` : sql`vacuum full`).execute(db);
  const query =
    engine === "sqlite"
      ? sql<Row>`select m.tbl_name as name, sum(s.pgsize) as size from dbstat s
                 join sqlite_schema m on m.name = s.name where m.tbl_name like 'data\\_%' escape '\\' group by m.tbl_name`
      : sql<Row>`select relname as name, pg_total_relation_size(oid)::text as size from pg_class
                 where relkind = 'r' and relname like 'data\\_%'`;
  const { rows } = await query.execute(db);
  return new Map(rows.map(({ name, size }) => [name, Number(size)]));
}

interface Row {
  name: string;
  size: number | string;
}
