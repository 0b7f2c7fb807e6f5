// https://docs.github.com/rest/actions/secrets
import type { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { unlessMissing } from "@sophia/core/errors/unless-missing";
import { createHttp } from "@sophia/core/http/http";
import type { Http, HttpOptions } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type { LimitRow } from "@sophia/core/limits/rules";
import { z } from "zod";
import { sealForGithub } from "./seal-for-github.ts";
import {
  ArtifactPage,
  DispatchAnswer,
  EnvironmentPage,
  PublicKeyAnswer,
  ReferenceAnswer,
  RepositoryAnswer,
  SecretAnswer,
  SecretPage,
  WorkflowRunAnswer,
  WorkflowRunPage,
} from "./secrets-schema.ts";
import type { Artifact, SecretEntry, WorkflowRun } from "./secrets-schema.ts";

/** Where a secret can be written and deleted: with the repository, or with one of its environments. */
export type SecretPlace = { environment: string | undefined };

export interface GithubSecretsOptions {
  token: Secret;
  /** `https://api.github.com`, or that of a GitHub Enterprise Server. */
  baseUrl: string;
  /** OWNER/REPO. */
  repository: string;
  /** Refuses every change, below the commands. */
  readOnly: boolean;
  http: Pick<HttpOptions, "log" | "clock" | "observer" | "pacer" | "allowPrivate" | "attempts">;
}

/** The secrets of one repository, and the workflow runs that read them. Values go in; GitHub gives none out. */
export interface GithubSecrets {
  defaultBranch(signal?: AbortSignal): Promise<string>;
  /** The newest commit of a branch, its full id. */
  branchHead(branch: string, signal?: AbortSignal): Promise<string>;
  environments(signal?: AbortSignal): Promise<string[]>;
  /** Of the repository or an environment, by name. */
  list(place: SecretPlace, signal?: AbortSignal): Promise<SecretEntry[]>;
  /** Those of the organisation that this repository may read. Empty for a repository of a person. */
  listOrganisation(signal?: AbortSignal): Promise<SecretEntry[]>;
  /** Undefined when there is none. */
  find(place: SecretPlace, name: string, signal?: AbortSignal): Promise<SecretEntry | undefined>;
  put(place: SecretPlace, name: string, value: Secret): Promise<void>;
  /** False when it was gone already. */
  delete(place: SecretPlace, name: string): Promise<boolean>;
  /** Starts a workflow by hand; the id of its run where GitHub tells it at once. */
  dispatch(
    workflow: string,
    options: { branch: string; inputs: Readonly<Record<string, string>> },
  ): Promise<number | undefined>;
  /** Newest first, those that were started by hand. */
  runs(workflow: string, signal?: AbortSignal): Promise<WorkflowRun[]>;
  run(id: number, signal?: AbortSignal): Promise<WorkflowRun>;
  artifacts(run: number, signal?: AbortSignal): Promise<Artifact[]>;
  /** The zip archive. */
  download(artifact: Artifact, signal?: AbortSignal): Promise<Buffer>;
  close(): Promise<void>;
}

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const limits: readonly LimitRow[] = [
  {
    class: "content",
    method: "PUT",
    rate: { requests: 80, perMs: 60_000, burst: 40 },
    source: "80 content-generating requests a minute",
  },
  {
    class: "deletion",
    method: "DELETE",
    rate: { requests: 80, perMs: 60_000, burst: 40 },
    source: "treated as the above: 5 points each of 900 a minute",
  },
  { class: "rest", rate: { requests: 5_000, perMs: 3_600_000, burst: 100 }, source: "5,000 requests an hour" },
];

const perPage = 100;
const maximumPages = 50;
const maximumArtifactBytes = 64 * 1024 * 1024;

export function createGithubSecrets(options: GithubSecretsOptions): GithubSecrets {
  const http = createHttp({
    ...options.http,
    service: "github",
    baseUrl: options.baseUrl,
    auth: { in: "bearer", secret: options.token },
    headers: { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28", "user-agent": "sophia" },
    limits,
    explain,
  });
  const base = repositoryPath(options.repository);
  return {
    ...createReading(http, base),
    ...createWriting(http, base, options),
    close: () => http.close(),
  };
}

type Reading = Omit<GithubSecrets, "put" | "delete" | "dispatch" | "close">;

function createReading(http: Http, base: string): Reading {
  const get = async <T>(schema: z.ZodType<T>, path: string, signal?: AbortSignal): Promise<T> =>
    (await http.request({ path, schema, operation: "read", ...(signal && { signal }) })).data;
  return {
    defaultBranch: async (signal) => (await get(RepositoryAnswer, base, signal)).defaultBranch,
    branchHead: async (branch, signal) =>
      (
        await get(
          ReferenceAnswer,
          `${base}/git/ref/heads/${branch.split("/").map(encodeURIComponent).join("/")}`,
          signal,
        )
      ).commit,
    environments: async (signal) => {
      const pages = await readPages(http, { path: `${base}/environments`, schema: EnvironmentPage, signal });
      return pages.flatMap(({ environments }) => environments.map(({ name }) => name));
    },
    list: async (place, signal) => await listSecrets(http, secretsPath(base, place), signal),
    listOrganisation: async (signal) => await listSecrets(http, `${base}/actions/organization-secrets`, signal),
    find: async (place, name, signal) =>
      await unlessMissing(get(SecretAnswer, `${secretsPath(base, place)}${apiPath`/${name}`}`, signal)),
    runs: async (workflow, signal) => {
      const path = `${base}${apiPath`/actions/workflows/${workflow}/runs`}`;
      const query = { event: "workflow_dispatch", per_page: 20 };
      const { data } = await http.request({
        path,
        query,
        schema: WorkflowRunPage,
        operation: "read",
        ...(signal && { signal }),
      });
      return data.workflow_runs;
    },
    run: async (id, signal) => await get(WorkflowRunAnswer, `${base}${apiPath`/actions/runs/${id}`}`, signal),
    artifacts: async (run, signal) => {
      const pages = await readPages(http, {
        path: `${base}${apiPath`/actions/runs/${run}/artifacts`}`,
        schema: ArtifactPage,
        signal,
      });
      return pages.flatMap(({ artifacts }) => artifacts);
    },
    async download({ id, size_in_bytes }, signal) {
      if (size_in_bytes > maximumArtifactBytes) throw tooLarge();
      // GitHub redirects to its storage, with a signature in the address instead of the token.
      const { data } = await http.request({
        path: `${base}${apiPath`/actions/artifacts/${id}/zip`}`,
        schema: z.instanceof(Buffer),
        as: "bytes",
        redirects: 2,
        maxBytes: maximumArtifactBytes,
        operation: "download",
        timeoutMs: 120_000,
        ...(signal && { signal }),
      });
      return data;
    },
  };
}

function createWriting(
  http: Http,
  base: string,
  options: GithubSecretsOptions,
): Pick<GithubSecrets, "put" | "delete" | "dispatch"> {
  const nothing = z.unknown();
  return {
    async put(place, name, value) {
      refuseWhenReadOnly(options);
      const path = secretsPath(base, place);
      const { data } = await http.request({ path: `${path}/public-key`, schema: PublicKeyAnswer, operation: "read" });
      const body = { encrypted_value: await sealForGithub(value, data.key), key_id: data.keyId };
      await http.request({
        method: "PUT",
        path: `${path}${apiPath`/${name}`}`,
        body,
        schema: nothing,
        operation: "write",
      });
    },
    async delete(place, name) {
      refuseWhenReadOnly(options);
      const path = `${secretsPath(base, place)}${apiPath`/${name}`}`;
      const deleted = http.request({ method: "DELETE", path, schema: nothing, operation: "write" }).then(() => true);
      return (await unlessMissing(deleted)) ?? false;
    },
    async dispatch(workflow, { branch, inputs }) {
      refuseWhenReadOnly(options);
      // Never sent twice: each would start a run.
      const { data } = await http.request({
        method: "POST",
        path: `${base}${apiPath`/actions/workflows/${workflow}/dispatches`}`,
        body: { ref: branch, inputs, return_run_details: true },
        schema: DispatchAnswer,
        operation: "write",
        idempotent: false,
      });
      return data?.workflow_run_id;
    },
  };
}

async function listSecrets(http: Http, path: string, signal: AbortSignal | undefined): Promise<SecretEntry[]> {
  const pages = await readPages(http, { path, schema: SecretPage, signal });
  return pages.flatMap(({ secrets }) => secrets);
}

/** All pages, as long as each is full and the total is not reached. Half a list would be taken for the whole. */
async function readPages<Page extends { total_count: number }>(
  http: Http,
  { path, schema, signal }: { path: string; schema: z.ZodType<Page>; signal: AbortSignal | undefined },
): Promise<Page[]> {
  const pages: Page[] = [];
  for (let page = 1; page <= maximumPages; page++) {
    const query = { per_page: perPage, page };
    const { data } = await http.request({ path, query, schema, operation: "read", ...(signal && { signal }) });
    pages.push(data);
    if (page * perPage >= data.total_count) return pages;
  }
  throw new AppError("upstream", "GitHub lists more than can be read.", {
    service: "github",
    hint: `At most ${maximumPages * perPage} entries of a kind are supported.`,
    retryable: false,
  });
}

function repositoryPath(repository: string): string {
  const [owner = "", name = "", ...rest] = repository.split("/");
  if (rest.length > 0)
    throw new AppError("invalid_input", "A repository is named OWNER/REPO.", { hint: "For example octo/shop." });
  return apiPath`/repos/${owner}/${name}`;
}

function secretsPath(base: string, { environment }: SecretPlace): string {
  return environment === undefined
    ? `${base}/actions/secrets`
    : `${base}${apiPath`/environments/${environment}/secrets`}`;
}

/** GitHub says 403 for a limit as well, and 404 for what the token may not see. */
function explain(status: number, body: unknown): ReturnType<NonNullable<HttpOptions["explain"]>> {
  const message = z.object({ message: z.string() }).safeParse(body).data?.message ?? "";
  if (status === 403 && /rate limit/i.test(message))
    return { kind: "rate_limited", hint: "Try again after the pause." };
  if (status === 403) {
    return {
      hint: "The token needs the rights Secrets (read and write), Environments (read) and Actions (read and write).",
    };
  }
  if (status === 404)
    return { hint: "It is not there, or the token may not see it: it needs Secrets, Environments and Actions." };
  return undefined;
}

function refuseWhenReadOnly({ readOnly }: GithubSecretsOptions): void {
  if (!readOnly) return;
  throw new AppError("denied", "This installation is read-only: nothing is changed on GitHub.", {
    service: "github",
    hint: "Unset SOPHIA_READ_ONLY to allow changes.",
  });
}

function tooLarge(): AppError {
  return new AppError("upstream", "The artifact is larger than any export of secrets.", {
    service: "github",
    hint: "Make sure that the run is the one of the export workflow.",
    retryable: false,
  });
}
