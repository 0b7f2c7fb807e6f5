import type { Kysely } from "kysely";
import type { MigrationSet } from "@sophia/core/store/store";

// Times are wall-clock milliseconds, JSON is text, money is nano-USD.

export interface AiEvaluationsTable {
  id: string;
  name: string;
  /** Equal for runs whose results can be compared: the same items, judged in the same way. */
  items_hash: string;
  caller: string;
  /** JSON of an EvaluationSpec. */
  spec: string;
  state: "running" | "done" | "stopped";
  /** Why it stopped before its end. */
  reason: string | null;
  created_at: number;
  finished_at: number | null;
}

export interface AiEvaluationItemsTable {
  evaluation_id: string;
  model: string;
  /** Index of the item. */
  item: number;
  request_id: string;
  answer: string;
  /** 0 to 1; null where it could not be judged. */
  score: number | null;
  explanation: string | null;
  /** Of the answer, and of judging it. */
  answer_nano_usd: number;
  judge_nano_usd: number;
  total_ms: number;
  error: string | null;
}

export interface EvaluationTables {
  ai_evaluations: AiEvaluationsTable;
  ai_evaluation_items: AiEvaluationItemsTable;
}

export const evaluationMigrations: MigrationSet = {
  owner: "ai-evaluations",
  migrations: { "0001-evaluations": { up: createEvaluations } },
};

async function createEvaluations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("ai_evaluations")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("items_hash", "text", (column) => column.notNull())
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("spec", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("reason", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("finished_at", "bigint")
    .execute();
  await db.schema
    .createIndex("ai_evaluations_by_items")
    .on("ai_evaluations")
    .columns(["items_hash", "created_at"])
    .execute();
  await db.schema
    .createTable("ai_evaluation_items")
    .addColumn("evaluation_id", "text", (column) =>
      column.notNull().references("ai_evaluations.id").onDelete("cascade"),
    )
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("item", "integer", (column) => column.notNull())
    .addColumn("request_id", "text", (column) => column.notNull())
    .addColumn("answer", "text", (column) => column.notNull())
    .addColumn("score", "double precision")
    .addColumn("explanation", "text")
    .addColumn("answer_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("judge_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("total_ms", "double precision", (column) => column.notNull())
    .addColumn("error", "text")
    .addPrimaryKeyConstraint("ai_evaluation_items_key", ["evaluation_id", "model", "item"])
    .execute();
}
