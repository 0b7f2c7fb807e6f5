import type { Logger } from "pino";
import type { Secret } from "../../config/secret.ts";
import type { EnvironmentId } from "../backend/secret-backend.ts";

/** One secret that can be rotated: a variable of a service, and where its value stands. */
export interface RotationTarget {
  /** The environment whose own text holds the value. */
  environment: EnvironmentId;
  /** Below `values`, e.g. `stores.postgresql.SOPHIA_DATABASE_URL`. */
  path: string;
  /** Id of one of the services, or `sophia` for our own bearers. */
  service: string;
  variable: string;
}

/** What each step of a rotator is given. */
export interface RotatorContext {
  target: RotationTarget;
  /** What is served as long as nothing is promoted. */
  current: Secret;
  /** The new value, once it is made. */
  next?: Secret;
  /** May change identities at the service. Without one `current` itself has to do. */
  administrator: Secret | undefined;
  signal: AbortSignal;
}

/**
 * How one service's secret is exchanged without a moment in which the served one is invalid: the old value stays valid
 * beside the new one until `retire`. Every step may be run again after a crash with the same values, and then changes
 * nothing more. A step throws AppError: `retryable` ones are tried again within a budget, any other ends the rotation.
 */
export interface Rotator {
  /** One line for people, e.g. "two roles in turn". */
  strategy: string;
  /** What `set` and `retire` will change, e.g. "role sophia_b gets a new password". Changes nothing. */
  describe(context: RotatorContext): Promise<RotatorForecast>;
  /** Makes the new value. Nothing outside changes. */
  create(context: RotatorContext): Promise<Secret>;
  /** Makes the service accept `next`, without touching what `current` may do. Returns what people must hear about. */
  set(context: RotatorContext, next: Secret): Promise<readonly string[]>;
  /** Uses a value as a consumer would, and checks that it may do what `current` may. Throws when not. */
  validate(context: RotatorContext, value: Secret): Promise<void>;
  /** What the service itself needs when the new value becomes the served one. */
  promote?(context: RotatorContext, next: Secret): Promise<void>;
  /** How many sessions the service still has under a value; undefined where it cannot tell. */
  observe?(context: RotatorContext, value: Secret): Promise<number | undefined>;
  /** Makes a value invalid: the old one at the end, or the pending one when a rotation is undone. */
  retire(context: RotatorContext, value: Secret): Promise<readonly string[]>;
}

export interface RotatorForecast {
  changes: readonly string[];
  /** What could go wrong, e.g. that the service forgets its users at a restart. */
  warnings: readonly string[];
  /** The service's identities are changed by an administrator, where there is one. */
  needsAdministrator?: boolean;
}

/** What a probe has beside the key. */
export interface ProbeContext {
  /** The service's other settings by variable, as whoever uses the key gets them: where the service is, above all. */
  settings: Readonly<Record<string, string | undefined>>;
  log: Logger;
  signal: AbortSignal;
}

/** Asks the service whether a key works. Throws AppError: `denied` when it does not, any other when nobody can tell now. */
export type KeyProbe = (variable: string, value: Secret, context: ProbeContext) => Promise<void>;
