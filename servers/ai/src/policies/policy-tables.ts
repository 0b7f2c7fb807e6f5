import type { Kysely } from "kysely";
import type { MigrationSet } from "@sophia/core/store/store";

export interface KeyPoliciesTable {
  /** Id of a token, or `*`: all callers together. */
  caller: string;
  usd_per_day: number | null;
  usd_per_month: number | null;
  /** JSON array of model ids. */
  allowed_models: string;
  data_policy: string;
  region: string | null;
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  max_cost_per_call_usd: number | null;
  /** Grows with each change. */
  version: number;
  updated_at: number;
}

export interface PolicyTables {
  ai_key_policies: KeyPoliciesTable;
}

export const policyMigrations: MigrationSet = {
  owner: "ai-policies",
  migrations: {
    "0001-key-policies": { up: createTable },
    "0002-region": {
      async up(db) {
        await db.schema.alterTable("ai_key_policies").addColumn("region", "text").execute();
      },
    },
  },
};

async function createTable(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("ai_key_policies")
    .addColumn("caller", "text", (column) => column.primaryKey())
    .addColumn("usd_per_day", "double precision")
    .addColumn("usd_per_month", "double precision")
    .addColumn("allowed_models", "text", (column) => column.notNull())
    .addColumn("data_policy", "text", (column) => column.notNull())
    .addColumn("requests_per_minute", "bigint")
    .addColumn("tokens_per_minute", "bigint")
    .addColumn("max_cost_per_call_usd", "double precision")
    .addColumn("version", "bigint", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .execute();
}
