import type { RotationState, RotationStep, RotationTask } from "./rotation-types.ts";

/** One rotation of one secret. Values are sealed with the key of their environment. */
export interface RotationsTable {
  id: string;
  /** `project/name`. */
  environment: string;
  path: string;
  service: string;
  variable: string;
  kind: "automatic" | "assisted";
  state: RotationState;
  step: RotationStep;
  served: "old" | "new" | "unknown";
  actor: string;
  trigger: "person" | "schedule";
  /** Environment and path while the rotation is under way, else null: unique, so that two never run at once. */
  active_key: string | null;
  /** Grows with each job that works on it. */
  runs: number;
  run_at: number;
  cancel_requested: number;
  pre_revision: number | null;
  post_revision: number | null;
  old_fingerprint: string | null;
  new_fingerprint: string | null;
  sealed_old: string | null;
  sealed_new: string | null;
  backup_id: string | null;
  /** Time since promotion, counted on monotonic clocks: a clock that jumps shortens no grace. */
  observed_ms: number;
  /** JSON array. */
  warnings: string;
  /** JSON {message, hint}. */
  error: string | null;
  next_step: string;
  created_at: number;
  updated_at: number;
  promoted_at: number | null;
  finished_at: number | null;
}

/** What a process says of a value that it uses. Counters grow as long as the process lives. */
export interface SecretConsumersTable {
  process: string;
  environment: string;
  path: string;
  fingerprint: string;
  /** Grows with each report while the value is in use. */
  beat: number;
  seen_at: number;
  calls: number;
  failures: number;
  /** 1 when the process tries pending values from where it is. */
  answers_checks: number;
}

/** A pending value that consumers are asked to try. */
export interface SecretChecksTable {
  rotation_id: string;
  environment: string;
  path: string;
  sealed: string;
  created_at: number;
}

export interface SecretCheckAnswersTable {
  rotation_id: string;
  process: string;
  outcome: "works" | "refused";
  /** Our own words. */
  detail: string;
  at: number;
}

export interface RotationTasksTable {
  id: string;
  rotation_id: string;
  service: string;
  variable: string;
  environment: string;
  path: string;
  page_url: string;
  state: RotationTask["state"];
  instruction: string;
  due_at: number;
  created_at: number;
}

export interface RotationTables {
  rotations: RotationsTable;
  secret_consumers: SecretConsumersTable;
  secret_checks: SecretChecksTable;
  secret_check_answers: SecretCheckAnswersTable;
  rotation_tasks: RotationTasksTable;
}
