import type { Kysely } from "kysely";
import type { MigrationSet } from "../store/store.ts";

// Times are wall-clock milliseconds.

export interface SemanticTables {
  semantic_entries: {
    id: string;
    partition: string;
    category: string;
    /** Embedding model of the vector. */
    model_id: string;
    text: string;
    /** Signed bytes, base64; component = byte · vector_scale. */
    vector: string;
    vector_scale: number;
    value: string;
    /** Equal for entries whose answers say the same. */
    answer_group: string;
    strength: number;
    /** JSON of [tag, epoch] pairs as they were when the answer was written. */
    tags: string;
    bytes: number;
    created_at: number;
    expires_at: number;
    last_used_at: number;
    /** Other processes find what is new, checked or removed by it. */
    changed_at: number;
    /** Set when it may not be served any more; the row goes with the next sweep. */
    removed_at: number | null;
    checks: number;
    wrong_checks: number;
  };
  semantic_tags: { tag: string; epoch: number; changed_at: number };
  semantic_checks: {
    id: string;
    category: string;
    score: number;
    correct: number;
    /** 1: the answer had been served. */
    served: number;
    created_at: number;
  };
  semantic_categories: {
    category: string;
    error_budget: number | null;
    ttl_ms: number | null;
    requests: number;
    hits: number;
    changed_at: number;
  };
}

/** The tables of the semantic cache; a server that has one adds the set to its own. */
export const semanticMigrations: MigrationSet = {
  owner: "semantic-cache",
  migrations: { "0001-semantic": { up: createTables } },
};

async function createTables(db: Kysely<unknown>): Promise<void> {
  const entries = db.schema
    .createTable("semantic_entries")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("partition", "text", (column) => column.notNull())
    .addColumn("category", "text", (column) => column.notNull())
    .addColumn("model_id", "text", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("vector", "text", (column) => column.notNull())
    .addColumn("vector_scale", "double precision", (column) => column.notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .addColumn("answer_group", "text", (column) => column.notNull())
    .addColumn("strength", "double precision", (column) => column.notNull())
    .addColumn("tags", "text", (column) => column.notNull());
  await entries
    .addColumn("bytes", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("last_used_at", "bigint", (column) => column.notNull())
    .addColumn("changed_at", "bigint", (column) => column.notNull())
    .addColumn("removed_at", "bigint")
    .addColumn("checks", "bigint", (column) => column.notNull())
    .addColumn("wrong_checks", "bigint", (column) => column.notNull())
    .execute();
  await index(db, "semantic_entries", ["partition", "changed_at"]);
  await index(db, "semantic_entries", ["expires_at"]);
  await index(db, "semantic_entries", ["last_used_at"]);
  await db.schema
    .createTable("semantic_tags")
    .addColumn("tag", "text", (column) => column.primaryKey())
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .addColumn("changed_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("semantic_checks")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("category", "text", (column) => column.notNull())
    .addColumn("score", "double precision", (column) => column.notNull())
    .addColumn("correct", "integer", (column) => column.notNull())
    .addColumn("served", "integer", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await index(db, "semantic_checks", ["category", "created_at"]);
  await db.schema
    .createTable("semantic_categories")
    .addColumn("category", "text", (column) => column.primaryKey())
    .addColumn("error_budget", "double precision")
    .addColumn("ttl_ms", "bigint")
    .addColumn("requests", "bigint", (column) => column.notNull())
    .addColumn("hits", "bigint", (column) => column.notNull())
    .addColumn("changed_at", "bigint", (column) => column.notNull())
    .execute();
}

async function index(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  await db.schema
    .createIndex(`${table}_by_${columns.join("_")}`)
    .on(table)
    .columns(columns)
    .execute();
}
