import type { Kysely } from "kysely";
import type { MigrationSet } from "@sophia/core/store/store";

// Times are wall-clock milliseconds, JSON is text, booleans are 0 or 1, money is nano-USD (1e-9 USD).

/** One finished model call: the columns people filter and compare by, and the whole record as JSON. */
export interface AiTracesTable {
  request_id: string;
  at: number;
  caller: string;
  operation: string;
  origin: string;
  service: string;
  model: string;
  mode: string;
  category: string;
  cache: string;
  outcome: string;
  error_kind: string | null;
  finish_reason: string | null;
  cost_nano_usd: number;
  total_ms: number;
  first_token_ms: number | null;
  output_tokens: number;
  answer_characters: number;
  /** The answer declines to answer. */
  refusal: number;
  /** A projection of the question's vector, base64 of 32-bit floats, comparable within one `sketch_model`. */
  sketch: string | null;
  sketch_model: string | null;
  /** JSON of a CallRecord. */
  record: string;
  bytes: number;
}

/** What was said, as far as it may be kept. It goes before the trace does. */
export interface AiTraceContentsTable {
  request_id: string;
  /** JSON of SaidMessage[]. */
  messages: string;
  answer: string;
  redacted: number;
  bytes: number;
}

/** What a person, a model or a program thought of an answer. One author has one opinion of a name on an answer. */
export interface AiAnnotationsTable {
  id: string;
  request_id: string;
  at: number;
  name: string;
  kind: "human" | "model" | "code";
  author: string;
  /** 0 to 1, higher is better. */
  score: number | null;
  label: string | null;
  explanation: string | null;
  /** What the answer should have been. */
  correction: string | null;
}

export interface TraceTables {
  ai_traces: AiTracesTable;
  ai_trace_contents: AiTraceContentsTable;
  ai_annotations: AiAnnotationsTable;
}

export const traceMigrations: MigrationSet = {
  owner: "ai-traces",
  migrations: { "0001-traces": { up: createTraces } },
};

async function createTraces(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("ai_traces")
    .addColumn("request_id", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("caller", "text", (column) => column.notNull())
    .addColumn("operation", "text", (column) => column.notNull())
    .addColumn("origin", "text", (column) => column.notNull())
    .addColumn("service", "text", (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("mode", "text", (column) => column.notNull())
    .addColumn("category", "text", (column) => column.notNull())
    .addColumn("cache", "text", (column) => column.notNull())
    .addColumn("outcome", "text", (column) => column.notNull())
    .addColumn("error_kind", "text")
    .addColumn("finish_reason", "text")
    .addColumn("cost_nano_usd", "bigint", (column) => column.notNull())
    .addColumn("total_ms", "double precision", (column) => column.notNull())
    .addColumn("first_token_ms", "double precision")
    .addColumn("output_tokens", "bigint", (column) => column.notNull())
    .addColumn("answer_characters", "bigint", (column) => column.notNull())
    .addColumn("refusal", "integer", (column) => column.notNull())
    .addColumn("sketch", "text")
    .addColumn("sketch_model", "text")
    .addColumn("record", "text", (column) => column.notNull())
    .addColumn("bytes", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("ai_traces_by_time").on("ai_traces").columns(["at", "request_id"]).execute();
  await db.schema.createIndex("ai_traces_by_model").on("ai_traces").columns(["model", "service", "at"]).execute();
  await db.schema
    .createTable("ai_trace_contents")
    .addColumn("request_id", "text", (column) =>
      column.primaryKey().references("ai_traces.request_id").onDelete("cascade"),
    )
    .addColumn("messages", "text", (column) => column.notNull())
    .addColumn("answer", "text", (column) => column.notNull())
    .addColumn("redacted", "integer", (column) => column.notNull())
    .addColumn("bytes", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("ai_annotations")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("request_id", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("author", "text", (column) => column.notNull())
    .addColumn("score", "double precision")
    .addColumn("label", "text")
    .addColumn("explanation", "text")
    .addColumn("correction", "text")
    .addUniqueConstraint("ai_annotations_key", ["request_id", "name", "author"])
    .execute();
  await db.schema.createIndex("ai_annotations_by_time").on("ai_annotations").column("at").execute();
}
