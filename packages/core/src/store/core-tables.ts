import type { Generated } from "kysely";
import type { AlertState } from "./alert-states.ts";
import type { RotationTables } from "../secrets/rotation/rotation-tables.ts";

// Tables of core. Times are wall-clock milliseconds, JSON is text, booleans are 0 or 1, money is nano-USD (1e-9 USD).

export interface TokensTable {
  id: string;
  name: string;
  /** "*" or the id of one server. */
  server: string;
  /** Space separated. */
  scopes: string;
  /** SHA-256 of the bearer, hex, unique. */
  hash: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

export type PlanState = "proposed" | "approved" | "refused" | "applying" | "applied" | "failed" | "unknown" | "expired";

export interface PlansTable {
  id: string;
  server: string;
  tool: string;
  caller: string;
  /** JSON. */
  arguments: string;
  arguments_hash: string;
  /** JSON of a ChangePlan. */
  plan: string;
  plan_hash: string;
  state_version: string;
  risk: string;
  cost_per_hour_usd: number;
  state: PlanState;
  approved_by: string | null;
  created_at: number;
  expires_at: number;
  decided_at: number | null;
  finished_at: number | null;
  outcome: string | null;
}

export interface ResultsTable {
  id: string;
  server: string;
  tool: string;
  caller: string;
  /** JSON of a RestPage: one page of what was cut from an answer. */
  body: string;
  created_at: number;
  expires_at: number;
  /** What the row takes on the disk, about; 0 for rows older than this column. */
  bytes: Generated<number>;
}

export interface LedgerEntriesTable {
  id: string;
  reservation_id: string | null;
  request_id: string;
  server: string;
  service: string;
  caller: string;
  unit: string;
  quantity: number;
  cost_nano_usd: number;
  kind: "estimate" | "actual";
  price_as_of: string | null;
  /** UTC day, YYYY-MM-DD. */
  day: string;
  created_at: number;
}

export interface LedgerReservationsTable {
  id: string;
  request_id: string;
  server: string;
  service: string;
  caller: string;
  unit: string;
  quantity: number;
  cost_nano_usd: number;
  /** JSON array of the buckets it was charged to: {key, windowMs, bucketStart}. */
  charges: string;
  state: "open" | "settled" | "released" | "expired";
  created_at: number;
  expires_at: number;
}

/** What was spent and reserved under a budget key, in slices of its window. */
export interface LedgerBucketsTable {
  budget_key: string;
  window_ms: number;
  bucket_start: number;
  cost_nano_usd: number;
}

/** A block of budgets that one process took to spend from memory; charged to the budgets as a whole while it is there. */
export interface LedgerLeasesTable {
  id: string;
  server: string;
  service: string;
  caller: string;
  /** JSON array of the buckets it was charged to, as in {@link LedgerReservationsTable}. */
  charges: string;
  granted_nano_usd: number;
  /** The part of it that has its ledger lines; what is left of a dead process's lease is booked as an estimate. */
  written_nano_usd: number;
  created_at: number;
  /** Moved on while its process lives. */
  expires_at: number;
}

export type JobState = "queued" | "running" | "succeeded" | "failed" | "aborted" | "unknown";

export interface JobsTable {
  id: string;
  kind: string;
  /** Unique within its kind. */
  idempotency_key: string;
  /** JSON. */
  input: string;
  input_hash: string;
  caller: string | null;
  state: JobState;
  attempt: number;
  /** Not before this time; 0 is at once. */
  run_at: number;
  lease_owner: string | null;
  /** Grows with each sign of life of the owner. */
  lease_beat: number;
  /** Grows with each new owner; a write with an older one is refused. */
  fencing_token: number;
  abort_requested: number;
  /** JSON of a Progress. */
  progress: string | null;
  /** JSON of what the handler returned. */
  result: string | null;
  /** JSON {kind, message, hint}. */
  error: string | null;
  created_at: number;
  updated_at: number;
  finished_at: number | null;
}

export interface JobStepsTable {
  job_id: string;
  name: string;
  state: "started" | "finished";
  fencing_token: number;
  /** JSON of what the step returned. */
  result: string | null;
  started_at: number;
  finished_at: number | null;
}

export interface SchedulesTable {
  name: string;
  cron: string;
  timezone: string | null;
  kind: string;
  /** JSON. */
  input: string;
  next_run_at: number;
  last_run_at: number | null;
  last_job_id: string | null;
  updated_at: number;
}

export interface AlertEventsTable {
  id: string;
  key: string;
  at: number;
  server: string;
  kind: string;
  severity: string;
  /** JSON of an AlertEvent. */
  body: string;
  state: Generated<AlertState>;
  /** When the state was last changed, and by whom; null while open. */
  state_at: number | null;
  state_by: string | null;
}

export interface CoreTables extends RotationTables {
  tokens: TokensTable;
  plans: PlansTable;
  results: ResultsTable;
  ledger_entries: LedgerEntriesTable;
  ledger_reservations: LedgerReservationsTable;
  ledger_buckets: LedgerBucketsTable;
  ledger_leases: LedgerLeasesTable;
  jobs: JobsTable;
  job_steps: JobStepsTable;
  schedules: SchedulesTable;
  alert_events: AlertEventsTable;
}
