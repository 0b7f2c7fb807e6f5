import type { RestBackend, RestId } from "./rest-backend.ts";
import type { Sessions } from "./sessions.ts";

/** What every route works with. */
export interface RestContext<Environment> {
  backend: RestBackend<Environment>;
  organisation: string;
  /** Who the bearer of the token is. */
  user: string;
  /** An environment as the REST contract shows it. */
  toWire(environment: Environment): unknown;
  sessions: Sessions;
  /** Wall clock, milliseconds. */
  now(): number;
  rotations: RotationEvent[];
}

export interface RotationEvent {
  id: string;
  environmentId: string;
  created: string;
  completed: string;
  status: string;
  userID: string;
  preRotationRevision: number;
  postRotationRevision?: number;
  rotations: { id: string; environmentPath: string; status: string }[];
}

export interface RestRequest {
  /** Values of the pattern's `:name` segments. */
  parameters: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

export interface RestAnswer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Sent as it is. */
  yaml?: string;
  /** Sent as JSON. */
  json?: unknown;
}

export interface Route<Environment> {
  method: string;
  /** Below `/api`. */
  path: string;
  run(request: RestRequest, context: RestContext<Environment>): Promise<RestAnswer>;
}

export function idOf({ parameters }: RestRequest): RestId {
  return { project: parameters["project"] ?? "", name: parameters["environment"] ?? "" };
}

export function nameOf(id: RestId): string {
  return `${id.project}/${id.name}`;
}
