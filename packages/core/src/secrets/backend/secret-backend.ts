import type { EscDiagnostic, EscEnvironment } from "../esc/evaluation.ts";

/** One environment of the store: `project/name`. Letters, digits, `-`, `_` and `.`; at most 100 characters each. */
export interface EnvironmentId {
  project: string;
  name: string;
}

export interface EnvironmentSummary extends EnvironmentId {
  /** Wall clock, milliseconds. */
  createdAt: number;
  modifiedAt: number;
  /** The newest revision; 1 is the empty environment that `create` made. 0 where a list does not tell it. */
  revision: number;
  tags: Readonly<Record<string, string>>;
}

/** The text of one revision. */
export interface EnvironmentSource {
  yaml: string;
  /** Changes with every update; hand it to `update` so that nobody's change is lost. */
  etag: string;
  revision: number;
}

export interface RevisionSummary {
  revision: number;
  createdAt: number;
  /** Who made it, as the backend knows them. */
  author: string;
  message: string;
  /** Names such as `latest` or `before-rotation`. */
  tags: readonly string[];
  retracted: boolean;
}

/** What an update came to: a text with errors is not kept. */
export type UpdateResult =
  | { kept: true; revision: number; etag: string; diagnostics: readonly EscDiagnostic[] }
  | { kept: false; diagnostics: readonly EscDiagnostic[] };

export interface OpenedEnvironment {
  /** Undefined when the text has errors. Its secrets are in the clear: hand it to `wrapSettings` and forget it. */
  environment: EscEnvironment | undefined;
  diagnostics: readonly EscDiagnostic[];
  revision: number;
  /** Changes whenever anything that this environment imports changes; cheap to ask for with `version`. */
  version: string;
}

export interface Page<Item> {
  items: readonly Item[];
  nextCursor: string | undefined;
}

export interface ListQuery {
  project?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
}

export interface UpdateOptions {
  /** Of the text that was read: throws a conflict when it is not the newest. */
  etag?: string | undefined;
  message?: string | undefined;
}

type Revision = number | string;

/**
 * A store of ESC environments: a directory on this machine, or Pulumi Cloud. A revision in a call is a number or the
 * name of a revision tag; without one it is `latest`.
 *
 * Every call throws AppError: `not_found` (no such environment or revision), `denied` (this credential may not),
 * `invalid_input` (a name, or a text that is no YAML), `unavailable` (the store is away; try later). A lost race is an
 * error that `isConflict` knows.
 */
export interface SecretBackend {
  readonly kind: "local" | "pulumi-cloud";
  /** Where it is, for people: a path, or `organisation` at a host. Never a credential. */
  readonly location: string;

  list(query?: ListQuery): Promise<Page<EnvironmentSummary>>;
  get(id: EnvironmentId): Promise<EnvironmentSummary>;
  create(id: EnvironmentId, options?: { message?: string | undefined }): Promise<EnvironmentSummary>;
  /** The whole history goes along, secrets are sealed anew for the copy. */
  clone(id: EnvironmentId, to: EnvironmentId): Promise<EnvironmentSummary>;
  delete(id: EnvironmentId): Promise<void>;

  /** The text with its secrets as ciphertext, or with `decrypt` in the clear. */
  read(id: EnvironmentId, options?: { revision?: Revision | undefined; decrypt?: boolean }): Promise<EnvironmentSource>;
  /** Secrets in the clear are sealed before anything is written. */
  update(id: EnvironmentId, yaml: string, options?: UpdateOptions): Promise<UpdateResult>;
  /** Makes the text of an old revision the newest one. */
  rollback(id: EnvironmentId, revision: Revision, options?: { message?: string | undefined }): Promise<UpdateResult>;

  /** Diagnostics of a text or of a stored environment, without opening anything. */
  check(subject: EnvironmentId | { yaml: string }): Promise<OpenedEnvironment>;
  open(
    id: EnvironmentId,
    options?: { revision?: Revision | undefined; signal?: AbortSignal },
  ): Promise<OpenedEnvironment>;
  /** Opens a text that is not stored. */
  openYaml(yaml: string, options?: { signal?: AbortSignal }): Promise<OpenedEnvironment>;
  /** See {@link OpenedEnvironment.version}; undefined where only opening would tell. */
  version(id: EnvironmentId): Promise<string | undefined>;
  /** Runs the `fn::rotate` of this environment, those under `paths` or all, and writes the new state back. */
  rotate(id: EnvironmentId, paths?: readonly string[]): Promise<UpdateResult>;

  /** Newest first. */
  revisions(
    id: EnvironmentId,
    options?: { before?: number | undefined; limit?: number },
  ): Promise<readonly RevisionSummary[]>;
  retract(id: EnvironmentId, revision: number, options?: { reason?: string; replacement?: number }): Promise<void>;
  tagRevision(id: EnvironmentId, tag: string, revision: number): Promise<void>;
  untagRevision(id: EnvironmentId, tag: string): Promise<void>;
  setTag(id: EnvironmentId, name: string, value: string): Promise<void>;
  removeTag(id: EnvironmentId, name: string): Promise<void>;
}
