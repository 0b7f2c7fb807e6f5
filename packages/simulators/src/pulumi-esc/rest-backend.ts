/** What the server needs of a store. Core's `SecretBackend` fits, without this package knowing core. */
export interface RestBackend<Environment> {
  list(options: { cursor?: string | undefined; limit?: number | undefined }): Promise<{
    items: readonly RestSummary[];
    nextCursor: string | undefined;
  }>;
  get(id: RestId): Promise<RestSummary>;
  create(id: RestId): Promise<unknown>;
  clone(id: RestId, to: RestId): Promise<unknown>;
  delete(id: RestId): Promise<void>;
  read(id: RestId, options: { revision?: number | string | undefined; decrypt?: boolean }): Promise<RestSource>;
  update(id: RestId, yaml: string, options: { etag?: string | undefined }): Promise<RestUpdate>;
  check(subject: RestId | { yaml: string }): Promise<RestOpened<Environment>>;
  open(id: RestId, options: { revision?: number | string }): Promise<RestOpened<Environment>>;
  openYaml(yaml: string): Promise<RestOpened<Environment>>;
  rotate(id: RestId, paths: readonly string[]): Promise<RestUpdate>;
  revisions(id: RestId, options: { before?: number; limit?: number }): Promise<readonly RestRevision[]>;
  retract(id: RestId, revision: number, options: { reason?: string; replacement?: number }): Promise<void>;
  tagRevision(id: RestId, tag: string, revision: number): Promise<void>;
  untagRevision(id: RestId, tag: string): Promise<void>;
  setTag(id: RestId, name: string, value: string): Promise<void>;
  removeTag(id: RestId, name: string): Promise<void>;
}

export interface RestId {
  project: string;
  name: string;
}

export interface RestSummary extends RestId {
  createdAt: number;
  modifiedAt: number;
  revision: number;
  tags: Readonly<Record<string, string>>;
}

export interface RestSource {
  yaml: string;
  etag: string;
  revision: number;
}

/** Passed on as they are: the REST contract has the same fields. */
export interface RestDiagnostic {
  severity: string;
  summary: string;
}

export type RestUpdate =
  | { kept: true; revision: number; etag: string; diagnostics: readonly RestDiagnostic[] }
  | { kept: false; diagnostics: readonly RestDiagnostic[] };

export interface RestOpened<Environment> {
  environment: Environment | undefined;
  diagnostics: readonly RestDiagnostic[];
  revision: number;
}

export interface RestRevision {
  revision: number;
  createdAt: number;
  author: string;
  message: string;
  tags: readonly string[];
  retracted: boolean;
}
