import type { DataTables } from "../documents/tables.ts";

/** Times are wall-clock milliseconds, money is whole nano-USD. */
interface CollectionsTable {
  id: string;
  caller: string;
  name: string | null;
  state: "running" | "paused" | "aborted" | "done";
  budget_nano_usd: number;
  estimate_nano_usd: number;
  deadline_at: number;
  /** Of the newest run of its job. */
  job_id: string | null;
  /** Grows with each resumption: part of the job's key. */
  run: number;
  created_at: number;
  finished_at: number | null;
}

interface CollectionTasksTable {
  id: string;
  collection_id: string;
  ordinal: number;
  source: string;
  /** How it was begun: `live`, `local` or `simulated`. */
  mode: string | null;
  /** Hash of the item: asked for twice it is one task. */
  item_key: string;
  /** JSON of an Item. */
  item: string;
  /**
   * `waiting` → `started` (sent, or about to be) → `received` (the answer is kept) → `done`; or `failed`, `skipped`
   * (not begun, and it will not be) and `unknown` (sent, its outcome lost, never sent again).
   */
  state: "waiting" | "started" | "received" | "done" | "failed" | "skipped" | "unknown";
  /** When it was sent; what a look-up by tag needs. */
  started_at: number | null;
  /** The vendor's id of the run. */
  handle: string | null;
  reservation_id: string | null;
  /** JSON of a Harvest until its documents are stored. */
  harvest: string | null;
  cost_nano_usd: number;
  documents: number;
  error_kind: string | null;
  /** In our words. */
  error_message: string | null;
  note: string | null;
  updated_at: number;
}

interface CollectionDocumentsTable {
  collection_id: string;
  document_id: string;
  task_id: string;
  /** Against what was kept before this collection. */
  state: string;
  found_at: number;
}

interface DataBudgetsTable {
  /** `service` or `caller`. */
  scope: string;
  name: string;
  usd_per_month: number;
  updated_at: number;
}

export type CollectionTables = DataTables & {
  data_collections: CollectionsTable;
  data_collection_tasks: CollectionTasksTable;
  data_collection_documents: CollectionDocumentsTable;
  data_budgets: DataBudgetsTable;
};
export type CollectionRow = CollectionsTable;
export type TaskRow = CollectionTasksTable;
