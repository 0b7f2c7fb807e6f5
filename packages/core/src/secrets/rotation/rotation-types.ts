import type { Logger } from "pino";
import type { KeyShape } from "../../config/service.ts";
import type { Secret } from "../../config/secret.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Clock } from "../../limits/clock.ts";
import type { Audit } from "../../observe/audit.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import type { EnvironmentId, SecretBackend } from "../backend/secret-backend.ts";
import type { RotationKeys } from "./rotation-keys.ts";
import type { KeyProbe, RotationTarget, Rotator } from "./rotator.ts";

export type { RotationTarget } from "./rotator.ts";

/** What rotation needs of a service; every ServiceDefinition has this shape. */
export interface RotatedService {
  id: string;
  title: string;
  /** The page where a person makes and deletes keys. */
  docsUrl: string;
  keyShape: readonly KeyShape[];
  /** Without one, a person makes the new key: the assisted form. */
  rotator?: Rotator | undefined;
  probeKey?: KeyProbe | undefined;
}

export const rotationSteps = ["create", "set", "validate", "promote", "observe", "retire"] as const;
export type RotationStep = (typeof rotationSteps)[number];

/**
 * `waiting`: a person has to make a key. `held`: promoted, but the old value is still in use and therefore still valid.
 * `rolled_back`: the old value is served again, or still. `failed`: a person has to act, see `nextStep`.
 */
export type RotationState =
  | "queued"
  | "waiting"
  | "running"
  | "rolling_back"
  | "held"
  | "succeeded"
  | "rolled_back"
  | "failed"
  | "cancelled";

export interface RotationStatus extends RotationTarget {
  id: string;
  kind: "automatic" | "assisted";
  state: RotationState;
  /** The step it is in, or ended in. */
  step: RotationStep;
  /** Which value the environment serves. */
  served: "old" | "new" | "unknown";
  actor: string;
  trigger: "person" | "schedule";
  preRevision: number | undefined;
  postRevision: number | undefined;
  /** First 16 hex digits of an HMAC. */
  oldFingerprint: string | undefined;
  newFingerprint: string | undefined;
  backupId: string | undefined;
  warnings: readonly string[];
  error: { message: string; hint?: string } | undefined;
  /** What a person has to do now; empty when nothing. */
  nextStep: string;
  /** Wall clock, milliseconds. */
  createdAt: number;
  updatedAt: number;
  promotedAt: number | undefined;
  finishedAt: number | undefined;
}

export interface RotationConsumer {
  process: string;
  fingerprint: string;
  uses: "old" | "new" | "other";
  seenAt: number;
  calls: number;
  failures: number;
}

/** What a rotation would do, for people and for plans. Holds no value. */
export interface RotationPlan {
  target: RotationTarget;
  kind: "automatic" | "assisted";
  strategy: string;
  /** In order, one line each. */
  steps: readonly string[];
  warnings: readonly string[];
  consumers: readonly RotationConsumer[];
  /** The old value stays valid at least this long after the new one is served. */
  graceMs: number;
  /** Of the value served now. */
  currentFingerprint: string;
  /** Changes when the plan would: `revision` and etag of the environment. */
  stateVersion: string;
  revision: number;
  /** Wall clock: not before, because of a blackout window; undefined when at once. */
  notBefore: number | undefined;
  lastRotatedAt: number | undefined;
  /** For the assisted form: the page where the new key is made. */
  pageUrl: string | undefined;
}

export interface RotationTask {
  id: string;
  rotationId: string;
  service: string;
  variable: string;
  environment: EnvironmentId;
  path: string;
  /** Where the key is made, and deleted later. */
  pageUrl: string;
  /** `open`: make a key and hand it over. `checking`: it is being taken. `delete_old`: delete the old key at the page. */
  state: "open" | "checking" | "delete_old" | "done" | "cancelled";
  /** What to do, in one or two sentences. */
  instruction: string;
  dueAt: number;
  createdAt: number;
}

/** A part of the week in which nothing is rotated. */
export interface BlackoutWindow {
  /** 0 is Sunday. Empty or absent: every day. */
  days?: readonly number[];
  /** "HH:MM"; a window whose end is not after its start goes on past midnight. */
  from: string;
  to: string;
  /** IANA name. Default UTC. */
  timezone?: string;
}

export interface RotationPolicy {
  /** Unique; the same name again changes the policy. */
  name: string;
  targets: readonly RotationTarget[];
  /** Five fields. Default: once a week, Sunday 03:00. */
  cron?: string;
  timezone?: string;
  /** Spread over this time, by a share that is fixed for each secret. Default 2 h. */
  jitterMs?: number;
  blackouts?: readonly BlackoutWindow[];
  /** No secret is rotated again sooner. Default half of a week. */
  minimumAgeMs?: number;
}

export interface BackupSummary {
  id: string;
  environment: EnvironmentId;
  revision: number;
  createdAt: number;
  reason: string;
}

export interface RestoreResult {
  environment: EnvironmentId;
  revision: number;
  /** Paths that were rotated since and keep their present value: the older one is no longer valid. */
  keptPaths: readonly string[];
  /** A backup of what was there before. */
  backupId: string;
}

export interface Rotations {
  /** Throws `not_found` when there is no secret at the path. */
  plan(target: RotationTarget): Promise<RotationPlan>;
  /** Resolves when the rotation is durable, not when it is done. Throws `invalid_input` when one is under way there. */
  start(target: RotationTarget, actor: string, options?: StartOptions): Promise<{ id: string; task?: RotationTask }>;
  get(id: string): Promise<RotationStatus>;
  /** Newest first. */
  status(filter?: RotationFilter): Promise<RotationStatus[]>;
  consumers(target: RotationTarget): Promise<RotationConsumer[]>;
  /** Asks a running rotation to undo itself, or a waiting one to end. */
  cancel(id: string, actor: string): Promise<void>;
  /** Goes on with a rotation that is held, failed or stalled. */
  resume(id: string, actor: string): Promise<void>;
  tasks(filter?: { state?: RotationTask["state"] }): Promise<RotationTask[]>;
  /** Takes a key that a person made. Throws `denied` or `invalid_input` when it does not work; nothing changed then. */
  completeTask(id: string, newValue: Secret, actor: string): Promise<{ rotationId: string; checkedBy: CheckedBy }>;
  /** The person deleted the old key. */
  confirmTask(id: string, actor: string): Promise<void>;
  schedule(policy: RotationPolicy): Promise<void>;
  policies(): Promise<(RotationPolicy & { nextRunAt: number; lastRunAt: number | undefined })[]>;
  /** Newest first. */
  backups(environment?: EnvironmentId): Promise<BackupSummary[]>;
  backUp(environment: EnvironmentId, reason: string): Promise<BackupSummary>;
  restore(backupId: string, actor: string): Promise<RestoreResult>;
}

/** How a handed-over key was checked: a service without a probe has only the key's shape, or nothing at all. */
export type CheckedBy = "probe" | "shape" | "nothing";

export interface StartOptions {
  trigger?: "person" | "schedule";
  /** Wall clock; default at once. */
  runAt?: number;
  /** Refuses when the environment has moved on from this {@link RotationPlan.stateVersion}. */
  stateVersion?: string;
}

export interface RotationFilter {
  environment?: EnvironmentId;
  path?: string;
  state?: RotationState;
  /** At most 1,000; default 100. */
  limit?: number;
}

export interface RotationLimits {
  /** How often consumers look for new values. The grace is at least twice this. Default 60 s. */
  refreshMs: number;
  /** Default 10 min. */
  graceMs: number;
  /** A consumer that still uses the old value after this time holds the rotation. Default 24 h. */
  maximumGraceMs: number;
  /** A consumer that has not reported for this long is gone. Default 3 min. */
  consumerLivesMs: number;
  /** Consumers get this long to try the pending value from where they are. Default 90 s. */
  consumerCheckMs: number;
  /** Pause between two looks while observing. Default 5 s. */
  observeEveryMs: number;
  /** Share of failed calls above which the old value is served again. Default 0.05, and three times the share before. */
  errorRate: number;
  /** Fewer calls tell nothing. Default 20. */
  minimumCalls: number;
  /** Tries of one step at a service, or of one write to the environment. Default 4 and 5. */
  stepTries: number;
  writeTries: number;
  /** Before the second try; doubles. Default 1 s. */
  retryPauseMs: number;
  /** For one call of a rotator. Default 30 s. */
  callTimeoutMs: number;
}

export interface RotationsOptions {
  backend: SecretBackend;
  store: Store<CoreTables>;
  /** Before `start`: two kinds of jobs are defined here. */
  jobs: Jobs;
  audit: Audit;
  log: Logger;
  clock: Clock;
  services: readonly RotatedService[];
  keys: RotationKeys;
  /** `<dataDir>/secrets/backups`. Made with mode 0700. */
  backupFolder: string;
  /** Who runs this, in the audit and in alerts: a server's id or `supervisor`. */
  server: string;
  /**
   * Where the credential stands that may change identities at the service: never in an environment that servers open.
   * Default {@link findAdministratorPlace}.
   */
  administratorOf?(target: RotationTarget): Pick<RotationTarget, "environment" | "path"> | undefined;
  /** Secrets that this very process uses, e.g. its store's URL: they change with what is served, not a refresh later. */
  ownSecrets?: readonly (Pick<RotationTarget, "environment" | "path"> & { secret: Secret })[];
  blackouts?: readonly BlackoutWindow[];
  /** The process's environment: for servers too it wins over the settings that stand beside a secret. */
  overrides?: Readonly<Record<string, string | undefined>>;
  limits?: Partial<RotationLimits>;
}
