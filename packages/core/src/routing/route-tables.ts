import type { Kysely } from "kysely";
import type { MigrationSet } from "../store/store.ts";

export interface RouteTables {
  /** Requests whose answers were judged. Their text is not kept. */
  route_requests: {
    id: string;
    at: number;
    /** When the row last changed, by the writing process' clock: what other processes have not read yet. */
    changed_at: number;
    category: string;
    /** Empty when nothing was embedded. */
    embedding_model_id: string;
    /** See vector-text.ts. */
    vector: string;
  };
  route_scores: {
    request_id: string;
    family: string;
    score: number;
    trust: number;
    /** Who judged: `feedback`, `judge`, `comparison`, `regenerated`. */
    source: string;
  };
}

/** The tables of {@link OutcomeStore}; a server that routes adds the set to its own. */
export const routeMigrations: MigrationSet = {
  owner: "routing",
  migrations: { "0001-outcomes": { up: createOutcomes } },
};

async function createOutcomes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("route_requests")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("changed_at", "bigint", (column) => column.notNull())
    .addColumn("category", "text", (column) => column.notNull())
    .addColumn("embedding_model_id", "text", (column) => column.notNull())
    .addColumn("vector", "text", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("route_requests_by_change").on("route_requests").column("changed_at").execute();
  await db.schema.createIndex("route_requests_by_time").on("route_requests").column("at").execute();
  await db.schema
    .createTable("route_scores")
    .addColumn("request_id", "text", (column) => column.notNull())
    .addColumn("family", "text", (column) => column.notNull())
    .addColumn("score", "double precision", (column) => column.notNull())
    .addColumn("trust", "double precision", (column) => column.notNull())
    .addColumn("source", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("route_scores_key", ["request_id", "family"])
    .execute();
}
