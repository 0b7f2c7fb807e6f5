import type { Engine, MigrationSet } from "@sophia/core/store/store";
import { type ColumnDefinitionBuilder, type Kysely, sql } from "kysely";

/** Tables of the Data server. A migration that has shipped is never edited; add the next number. */
export const dataMigrations: MigrationSet = {
  owner: "data",
  migrations: { "0001-documents": { up: createDocumentTables }, "0002-blobs": { up: createBlobTables } },
};

async function createDocumentTables(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await db.schema
    .createTable("data_documents")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("url_key", "text", (column) => column.notNull())
    .addColumn("version", "integer", (column) => column.notNull())
    .addColumn("is_current", "integer", (column) => column.notNull())
    .addColumn("url", "text", (column) => column.notNull())
    .addColumn("final_url", "text", (column) => column.notNull())
    .addColumn("canonical_url", "text")
    .addColumn("site", "text", (column) => column.notNull())
    .addColumn("title", "text")
    .addColumn("author", "text")
    .addColumn("published_at", "bigint")
    .addColumn("fetched_at", "bigint", (column) => column.notNull())
    .addColumn("checked_at", "bigint", (column) => column.notNull())
    .addColumn("language", "text")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("markdown", "text", (column) => column.notNull())
    .addColumn("text_length", "integer", (column) => column.notNull())
    .addColumn("excerpt", "text", (column) => column.notNull())
    .addColumn("content_hash", "text", (column) => column.notNull())
    .addColumn("source", "text", (column) => column.notNull())
    .addUniqueConstraint("data_documents_version", ["url_key", "version"])
    .execute();
  await db.schema
    .createIndex("data_documents_newest")
    .on("data_documents")
    .columns(["is_current", "checked_at", "id"])
    .execute();
  await db.schema.createIndex("data_documents_site").on("data_documents").columns(["site", "is_current"]).execute();
  // Without AUTOINCREMENT SQLite would give the number of a deleted row to another one.
  const serial = engine === "postgres" ? "bigserial" : "integer";
  const asKey = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
    engine === "postgres" ? column.primaryKey() : column.primaryKey().autoIncrement();
  await db.schema
    .createTable("data_chunks")
    .addColumn("id", serial, asKey)
    .addColumn("document_id", "text", (column) => column.notNull().references("data_documents.id").onDelete("cascade"))
    .addColumn("ordinal", "integer", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addUniqueConstraint("data_chunks_order", ["document_id", "ordinal"])
    .execute();
  await db.schema
    .createTable("data_vectors")
    .addColumn("id", serial, asKey)
    .addColumn("chunk_id", "bigint", (column) =>
      column.notNull().unique().references("data_chunks.id").onDelete("cascade"),
    )
    .addColumn("model_id", "text", (column) => column.notNull())
    .addColumn("vector", engine === "postgres" ? "bytea" : "blob", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("data_vectors_model").on("data_vectors").columns(["model_id", "id"]).execute();
  await createWordIndex(db, engine);
}

/** The full-text index of passages. Words are folded by `toSearchWords` beforehand, so that both engines see the same. */
async function createWordIndex(db: Kysely<unknown>, engine: Engine): Promise<void> {
  if (engine === "sqlite") {
    // Contentless: the words are not stored a second time. https://sqlite.org/fts5.html#contentless_delete_tables
    await sql`create virtual table data_chunk_words using fts5(
      title, words, content='', contentless_delete=1, tokenize='porter unicode61'
    )`.execute(db);
    return;
  }
  await sql`create table data_chunk_words (
    rowid bigint primary key references data_chunks (id) on delete cascade,
    words tsvector not null
  )`.execute(db);
  await sql`create index data_chunk_words_gin on data_chunk_words using gin (words)`.execute(db);
}

/** Documents saved before keep their text in the row until they are saved again: both are read. */
async function createBlobTables(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const bytes = engine === "postgres" ? "bytea" : "blob";
  await db.schema
    .createTable("data_blobs")
    .addColumn("id", engine === "postgres" ? "bigserial" : "integer", (column) =>
      engine === "postgres" ? column.primaryKey() : column.primaryKey().autoIncrement(),
    )
    .addColumn("sha256", bytes, (column) => column.notNull().unique())
    .addColumn("codec", "text", (column) => column.notNull())
    .addColumn("raw_length", "bigint", (column) => column.notNull())
    .addColumn("uses", "integer", (column) => column.notNull())
    .addColumn("bytes", bytes, (column) => column.notNull())
    .execute();
  // What is packed already is not packed again.
  if (engine === "postgres") await sql`alter table data_blobs alter column bytes set storage external`.execute(db);
  for (const column of ["text_blob", "original_blob"]) {
    await db.schema
      .alterTable("data_documents")
      .addColumn(column, "bigint", (definition) => definition.references("data_blobs.id"))
      .execute();
    // For the check of the reference when a blob goes.
    await db.schema.createIndex(`data_documents_${column}`).on("data_documents").column(column).execute();
  }
}
