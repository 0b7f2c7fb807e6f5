import { createHash, randomUUID } from "node:crypto";
import type { Clock } from "@sophia/core/limits/clock";
import type { Store } from "@sophia/core/store/store";
import { type Transaction, sql } from "kysely";
import type { ExtractedPage } from "../domain/extract-page.ts";
import { parseSite, toSite, toUrlKey } from "../domain/page-address.ts";
import { toSearchWords } from "../domain/search-words.ts";
import { splitPassages } from "../domain/split-passages.ts";
import { keepBlob, readBlobs, releaseBlobs } from "../blobs/blob-rows.ts";
import { packBlob, type PackedBlob } from "../blobs/pack-blob.ts";
import { keepText, packText, withText } from "./document-text.ts";
import type { DataTables, DocumentsTable } from "./tables.ts";

export interface SavedDocument {
  id: string;
  version: number;
  /** `new` page, `changed` content (a new version), or `unchanged` (only the time was noted). */
  state: "new" | "changed" | "unchanged";
  /** Wall-clock milliseconds: when this version was first seen, and last. */
  fetchedAt: number;
  checkedAt: number;
}

/** A stored document without its text. */
export type DocumentFacts = Omit<DocumentsTable, "markdown" | "url_key" | "content_hash">;

export interface DocumentFilter {
  /** A host; its subdomains count too. */
  site?: string | undefined;
  language?: string | undefined;
  /** Wall-clock milliseconds, inclusive; compared with the date of publication, or of the fetch where that is unknown. */
  since?: number | undefined;
  until?: number | undefined;
}

export interface FetchedFacts {
  url: string;
  finalUrl: string;
  source: string;
  /** The page as it came, when it is to be kept beside its text. */
  original?: Uint8Array;
}

export interface DocumentStore {
  /** Durable when it returns. Content already stored for this address is not stored again. */
  save(page: ExtractedPage, fetched: FetchedFacts): Promise<SavedDocument>;
  get(id: string): Promise<DocumentsTable | undefined>;
  /** The page as it came, where that was kept. */
  original(id: string): Promise<Buffer | undefined>;
  /** Newest version of each page, last seen first. */
  list(filter: DocumentFilter, limit: number, after?: { checkedAt: number; id: string }): Promise<DocumentFacts[]>;
  /** All versions of the page that `id` belongs to, oldest first. */
  versions(id: string): Promise<DocumentFacts[]>;
  /** Removes a page with all versions, passages and vectors. Returns how many versions there were. */
  remove(id: string): Promise<number>;
}

const factColumns = [
  "id",
  "version",
  "is_current",
  "url",
  "final_url",
  "canonical_url",
  "site",
  "title",
  "author",
  "published_at",
  "fetched_at",
  "checked_at",
  "language",
  "kind",
  "text_length",
  "excerpt",
  "source",
] as const;

/** PostgreSQL takes at most 65,535 parameters in a statement, SQLite 32,766. */
const rowsPerInsert = 500;

export function createDocumentStore(options: { store: Store<DataTables>; clock: Clock }): DocumentStore {
  const { store, clock } = options;
  return {
    async save(page, fetched) {
      const passages = splitPassages(page.text);
      const text = await packText(page.markdown);
      const original = fetched.original && (await packBlob(fetched.original, "page"));
      return await store.transaction((tx) =>
        saveVersion(tx, store.engine, { page, fetched, passages, text, original, now: clock.now() }),
      );
    },
    get: (id) => readDocument(store.db, id),
    async original(id) {
      const row = await store.db
        .selectFrom("data_documents")
        .select("original_blob")
        .where("id", "=", id)
        .executeTakeFirst();
      if (!row || row.original_blob === null) return undefined;
      return (await readBlobs(store.db, [row.original_blob])).get(row.original_blob);
    },
    async list(filter, limit, after) {
      let query = store.db
        .selectFrom("data_documents as d")
        .select(factColumns.map((column) => `d.${column}` as const))
        .where("d.is_current", "=", 1)
        .where(filterCondition(filter));
      if (after) {
        query = query.where(
          sql<boolean>`(d.checked_at < ${after.checkedAt} or (d.checked_at = ${after.checkedAt} and d.id < ${after.id}))`,
        );
      }
      return await query.orderBy("d.checked_at", "desc").orderBy("d.id", "desc").limit(limit).execute();
    },
    async versions(id) {
      return await store.db
        .selectFrom("data_documents")
        .select(factColumns)
        .where("url_key", "=", (inner) => inner.selectFrom("data_documents").select("url_key").where("id", "=", id))
        .orderBy("version")
        .execute();
    },
    remove: (id) => store.transaction((tx) => removePage(tx, store.engine, id)),
  };
}

async function readDocument(db: Store<DataTables>["db"], id: string): Promise<DocumentsTable | undefined> {
  const row = await db.selectFrom("data_documents").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) return undefined;
  const [whole] = await withText(db, [row]);
  if (!whole) return undefined;
  const { text_blob: _text, original_blob: _original, ...document } = whole;
  return document;
}

/** The filter as SQL over the alias `d`. */
export function filterCondition(filter: DocumentFilter) {
  const dated = sql`coalesce(d.published_at, d.fetched_at)`;
  const site = filter.site === undefined ? undefined : parseSite(filter.site);
  const parts = [sql<boolean>`d.is_current = 1`];
  if (site !== undefined) {
    const suffix = `%.${site.replace(/[\\%_]/g, (character) => `\\${character}`)}`;
    parts.push(sql<boolean>`(d.site = ${site} or d.site like ${suffix} escape '\\')`);
  }
  if (filter.language !== undefined) parts.push(sql<boolean>`d.language = ${filter.language.toLowerCase()}`);
  if (filter.since !== undefined) parts.push(sql<boolean>`${dated} >= ${filter.since}`);
  if (filter.until !== undefined) parts.push(sql<boolean>`${dated} <= ${filter.until}`);
  return sql<boolean>`(${sql.join(parts, sql` and `)})`;
}

interface NewVersion {
  page: ExtractedPage;
  fetched: FetchedFacts;
  passages: string[];
  text: PackedBlob | undefined;
  original: PackedBlob | undefined;
  now: number;
}

async function saveVersion(
  tx: Transaction<DataTables>,
  engine: Store<DataTables>["engine"],
  { page, fetched, passages, text, original, now }: NewVersion,
): Promise<SavedDocument> {
  const urlKey = toUrlKey(fetched.finalUrl);
  const contentHash = createHash("sha256").update(page.markdown).digest("hex");
  // SQLite has one writer; on PostgreSQL two that read the same page at once would both find nothing and both insert.
  if (engine === "postgres") await sql`select pg_advisory_xact_lock(hashtextextended(${urlKey}, 7))`.execute(tx);
  const known = await tx
    .selectFrom("data_documents")
    .select(["id", "version", "content_hash", "fetched_at", "text_blob", "original_blob"])
    .where("url_key", "=", urlKey)
    .where("is_current", "=", 1)
    .executeTakeFirst();
  if (known?.content_hash === contentHash) {
    const moved = known.text_blob === null && text ? await keepText(tx, page.markdown, text) : {};
    const kept = known.original_blob === null && original ? { original_blob: await keepBlob(tx, original) } : {};
    await tx
      .updateTable("data_documents")
      .set({ checked_at: now, ...moved, ...kept })
      .where("id", "=", known.id)
      .execute();
    return { id: known.id, version: known.version, state: "unchanged", fetchedAt: known.fetched_at, checkedAt: now };
  }
  if (known) {
    await tx.updateTable("data_documents").set({ is_current: 0 }).where("id", "=", known.id).execute();
    await removePassages(tx, engine, known.id);
  }
  const id = randomUUID();
  const version = (known?.version ?? 0) + 1;
  const row = {
    id,
    version,
    is_current: 1,
    url_key: urlKey,
    content_hash: contentHash,
    fetched_at: now,
    checked_at: now,
  };
  await tx
    .insertInto("data_documents")
    .values({
      ...row,
      ...toColumns(page, fetched),
      ...(await keepText(tx, page.markdown, text)),
      original_blob: original ? await keepBlob(tx, original) : null,
    })
    .execute();
  await insertPassages(tx, engine, { documentId: id, title: page.title ?? "", passages });
  return { id, version, state: known ? "changed" : "new", fetchedAt: now, checkedAt: now };
}

function toColumns(page: ExtractedPage, fetched: NewVersion["fetched"]) {
  return {
    url: fetched.url,
    final_url: fetched.finalUrl,
    canonical_url: page.canonicalUrl,
    site: toSite(fetched.finalUrl),
    title: page.title,
    author: page.author,
    published_at: page.publishedAt,
    language: page.language,
    kind: page.kind,
    text_length: page.textLength,
    excerpt: page.excerpt,
    source: fetched.source,
  };
}

async function insertPassages(
  tx: Transaction<DataTables>,
  engine: Store<DataTables>["engine"],
  { documentId, title, passages }: { documentId: string; title: string; passages: string[] },
): Promise<void> {
  // A page without text can still be found by its title.
  const texts = passages.length === 0 && title !== "" ? [title] : passages;
  const titleWords = toSearchWords(title);
  for (let start = 0; start < texts.length; start += rowsPerInsert) {
    const part = texts.slice(start, start + rowsPerInsert);
    const rows = await tx
      .insertInto("data_chunks")
      .values(part.map((text, index) => ({ document_id: documentId, ordinal: start + index, text })))
      .returning(["id", "text"])
      .execute();
    const values = rows.map(({ id, text }) => {
      const words = toSearchWords(text);
      if (engine === "sqlite") return sql`(${id}, ${titleWords}, ${words})`;
      return sql`(${id}, setweight(to_tsvector('english', ${titleWords}), 'A') || to_tsvector('english', ${words}))`;
    });
    const columns = engine === "sqlite" ? sql`(rowid, title, words)` : sql`(rowid, words)`;
    await sql`insert into data_chunk_words ${columns} values ${sql.join(values)}`.execute(tx);
  }
}

async function removePassages(
  tx: Transaction<DataTables>,
  engine: Store<DataTables>["engine"],
  documentId: string,
): Promise<void> {
  const passages = tx.selectFrom("data_chunks").select("id").where("document_id", "=", documentId);
  // On PostgreSQL words and vectors follow by their foreign keys; a virtual table of SQLite has none.
  if (engine === "sqlite") await tx.deleteFrom("data_chunk_words").where("rowid", "in", passages).execute();
  await tx.deleteFrom("data_vectors").where("chunk_id", "in", passages).execute();
  await tx.deleteFrom("data_chunks").where("document_id", "=", documentId).execute();
}

async function removePage(
  tx: Transaction<DataTables>,
  engine: Store<DataTables>["engine"],
  id: string,
): Promise<number> {
  const page = await tx.selectFrom("data_documents").select("url_key").where("id", "=", id).executeTakeFirst();
  if (!page) return 0;
  const versions = await tx
    .selectFrom("data_documents")
    .select(["id", "text_blob", "original_blob"])
    .where("url_key", "=", page.url_key)
    .execute();
  for (const version of versions) await removePassages(tx, engine, version.id);
  await tx.deleteFrom("data_documents").where("url_key", "=", page.url_key).execute();
  const blobs = versions.flatMap(({ text_blob: text, original_blob: original }) => [text, original]);
  await releaseBlobs(
    tx,
    blobs.filter((blob) => blob !== null),
  );
  return versions.length;
}
