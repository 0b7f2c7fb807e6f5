import type { MigrationSet } from "@sophia/core/store/store";

/** Tables of the direct fetch. A migration that has shipped is never edited; add the next number. */
export const fetchingMigrations: MigrationSet = {
  owner: "data-fetching",
  migrations: {
    "0001-validators": {
      async up(db) {
        await db.schema
          .createTable("data_page_validators")
          .addColumn("url_key", "text", (column) => column.primaryKey())
          // What is erased must leave no address behind.
          .addColumn("document_id", "text", (column) =>
            column.notNull().references("data_documents.id").onDelete("cascade"),
          )
          .addColumn("final_url", "text", (column) => column.notNull())
          .addColumn("etag", "text")
          .addColumn("last_modified", "text")
          .addColumn("robots_tag", "text")
          .addColumn("is_tdm_reserved", "integer", (column) => column.notNull())
          .addColumn("method", "text", (column) => column.notNull())
          .addColumn("is_truncated", "integer", (column) => column.notNull())
          .execute();
        await db.schema
          .createIndex("data_page_validators_document")
          .on("data_page_validators")
          .column("document_id")
          .execute();
      },
    },
  },
};
