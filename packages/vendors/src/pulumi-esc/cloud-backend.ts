import type { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { createHttp, type HttpOptions } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type {
  EnvironmentId,
  EnvironmentSummary,
  OpenedEnvironment,
  SecretBackend,
  UpdateResult,
} from "@sophia/core/secrets/backend/secret-backend";
import { ListAnswer, OpenAnswer, RevisionTagAnswer, RotateAnswer } from "./answers.ts";
import { about, readAnswer, readEtag, readRevision } from "./cloud-calls.ts";
import { createCloudClosure } from "./cloud-closure.ts";
import { type CloudHistory, createCloudHistory } from "./cloud-history.ts";
import { createEscTransport, type EscAnswer, type EscTransport } from "./esc-transport.ts";
import { parseDiagnostics, parseEnvironment } from "./parse-environment.ts";
import { createRawApi, type RawApi } from "./raw-api.ts";
import { resolveEscBaseUrl } from "./resolve-base-url.ts";

export interface CloudBackendOptions extends Pick<HttpOptions, "log" | "clock" | "observer" | "pacer"> {
  organisation: string;
  /** Unwrapped for each request: a rotation may replace it. */
  token: Secret;
  /** `PULUMI_BACKEND_URL`, for a Pulumi Cloud of one's own. */
  baseUrl?: string | undefined;
}

export interface CloudBackend extends SecretBackend {
  close(): Promise<void>;
}

/** A session with the values in the clear lives on at Pulumi Cloud; it is read once, at once. */
const sessionDuration = "1m";
const yamlType = { "content-type": "application/x-yaml" };

/** Environments at Pulumi Cloud. https://www.pulumi.com/docs/reference/cloud-rest-api/environments/ */
export function createCloudBackend(options: CloudBackendOptions): CloudBackend {
  const { organisation, token, log, clock, observer, pacer } = options;
  const baseUrl = resolveEscBaseUrl(options.baseUrl);
  const http = createHttp({
    service: "pulumi-esc",
    baseUrl: baseUrl.href,
    log,
    ...(clock && { clock }),
    ...(observer && { observer }),
    ...(pacer && { pacer }),
    auth: { in: "header", name: "authorization", prefix: "token ", secret: token },
    headers: { accept: "application/json, application/x-yaml, */*" },
  });
  const send = createEscTransport(http);
  const raw = createRawApi(send);
  const place: Place = { organisation, raw, send };
  const history = createCloudHistory(organisation, raw, send);
  const { tags: _, ...revisionsAndTags } = history;
  return {
    kind: "pulumi-cloud",
    location: `${organisation} at ${baseUrl.host}`,
    ...createDefinitions(place, history),
    ...createOpening(place),
    ...revisionsAndTags,
    close: () => http.close(),
  };
}

interface Place {
  organisation: string;
  raw: RawApi;
  send: EscTransport;
}

type Definitions = Pick<
  SecretBackend,
  "list" | "get" | "create" | "clone" | "delete" | "read" | "update" | "rollback" | "rotate"
>;

function createDefinitions(place: Place, history: CloudHistory): Definitions {
  const { organisation, raw } = place;
  const get = (id: EnvironmentId): Promise<EnvironmentSummary> => summarise(history, id);

  return {
    get,
    async list({ project, cursor, limit } = {}) {
      const query = { maxResults: limit };
      const answer = await raw.call((api) => api.listEnvironments(organisation, cursor, { query } as object));
      const { environments, nextToken } = readAnswer(ListAnswer, answer);
      return {
        items: environments
          .filter((each) => project === undefined || each.project === project)
          .map(({ created, modified, tags, ...id }) => ({
            ...id,
            createdAt: created,
            modifiedAt: modified,
            // The list does not tell it; asking for each would be a call for each.
            revision: 0,
            tags: tags ?? {},
          })),
        nextCursor: nextToken === null || nextToken === "" ? undefined : nextToken,
      };
    },
    async create(id) {
      await about(
        id,
        raw.call((api, options) => api.createEnvironment(organisation, { ...id }, options)),
      );
      return await get(id);
    },
    async clone(id, to) {
      const kept = { preserveHistory: true, preserveEnvironmentTags: true, preserveRevisionTags: true };
      const body = { ...to, ...kept };
      await about(
        id,
        raw.call((api, options) => api.cloneEnvironment(organisation, id.project, id.name, body, options)),
      );
      return await get(to);
    },
    async delete(id) {
      await about(
        id,
        raw.call((api, options) => api.deleteEnvironment(organisation, id.project, id.name, options)),
      );
    },
    async read(id, { revision, decrypt } = {}) {
      const answer = await fetchDefinition(place, id, { revision, decrypt: decrypt ?? false });
      return { yaml: answer.text, etag: readEtag(answer), revision: readRevision(answer) };
    },
    update: (id, yaml, { etag } = {}) => sendDefinition(place, id, { yaml, etag }),
    async rollback(id, revision) {
      const [wanted, head] = await Promise.all([
        fetchDefinition(place, id, { revision, decrypt: false }),
        fetchHead(place, id),
      ]);
      return await sendDefinition(place, id, { yaml: wanted.text, etag: readEtag(head) });
    },
    rotate: (id, paths) => rotate(place, id, paths ?? []),
  };
}

type Opening = Pick<SecretBackend, "check" | "open" | "openYaml" | "version">;

function createOpening(place: Place): Opening {
  const { organisation, raw, send } = place;
  const root = apiPath`/environments/${organisation}`;
  const closure = createCloudClosure({
    etagOf: async (id, revision) => await fetchStamp(place, id, revision),
    readText: async (id, revision) => (await fetchDefinition(place, id, { revision, decrypt: false })).text,
  });

  async function readSession(answer: EscAnswer, path: string, signal?: AbortSignal): Promise<OpenedEnvironment> {
    const diagnostics = parseDiagnostics(answer.json);
    if (answer.status === 400) return refused(answer);
    const { id } = readAnswer(OpenAnswer, answer);
    const session = await send({ method: "GET", path: path + apiPath`/${id}`, ...(signal && { signal }) });
    return {
      environment: parseEnvironment(session.json ?? null),
      diagnostics,
      revision: readRevision(answer),
      version: "",
    };
  }

  return {
    version: (id) => closure.version(id),
    async check(subject) {
      const path = "yaml" in subject ? `${root}/yaml/check` : root + apiPath`/${subject.project}/${subject.name}/check`;
      const call =
        "yaml" in subject
          ? send({ method: "POST", path, headers: yamlType, body: subject.yaml, answers: [400] })
          : about(subject, send({ method: "POST", path, answers: [400] }));
      const answer = await call;
      if (answer.status === 400) return refused(answer);
      const diagnostics = parseDiagnostics(answer.json);
      return {
        environment: parseEnvironment(answer.json ?? null),
        diagnostics,
        revision: readRevision(answer),
        version: "",
      };
    },
    async open(id, { revision, signal } = {}) {
      const base = root + apiPath`/${id.project}/${id.name}`;
      const path = revision === undefined ? `${base}/open` : `${base}${apiPath`/versions/${revision}`}/open`;
      // Before the values: what changes in between is found by the next look.
      const version = revision === undefined ? await closure.version(id) : "";
      const query = { duration: sessionDuration };
      const opening = send({ method: "POST", path, query, answers: [400], ...(signal && { signal }) });
      const answer = await about(id, opening);
      return { ...(await about(id, readSession(answer, `${base}/open`, signal))), version: version ?? "" };
    },
    async openYaml(yaml, { signal } = {}) {
      const path = `${root}/yaml/open`;
      const query = { duration: sessionDuration };
      const request = { method: "POST", path, query, headers: yamlType, body: yaml, answers: [400] } as const;
      return await readSession(await send({ ...request, ...(signal && { signal }) }), path, signal);
    },
  };

  /** An answer 400 without diagnostics is about the request, not about the text. */
  function refused(answer: EscAnswer): OpenedEnvironment {
    const diagnostics = parseDiagnostics(answer.json);
    if (diagnostics.length === 0) throw malformed();
    return { environment: undefined, diagnostics, revision: readRevision(answer), version: "" };
  }
}

async function summarise(history: CloudHistory, id: EnvironmentId): Promise<EnvironmentSummary> {
  const [newest, first, tags] = await Promise.all([
    history.revisions(id, { limit: 1 }),
    history.revisions(id, { before: 2, limit: 1 }),
    history.tags(id),
  ]);
  const modifiedAt = newest[0]?.createdAt ?? 0;
  return { ...id, createdAt: first[0]?.createdAt ?? modifiedAt, modifiedAt, revision: newest[0]?.revision ?? 0, tags };
}

async function fetchDefinition(
  { organisation, raw, send }: Place,
  id: EnvironmentId,
  { revision, decrypt }: { revision: number | string | undefined; decrypt: boolean },
): Promise<EscAnswer> {
  const where = [organisation, id.project, id.name] as const;
  if (revision !== undefined && decrypt) {
    // The SDK knows no such call.
    const path = apiPath`/environments/${organisation}/${id.project}/${id.name}/versions/${revision}/decrypt`;
    return await about(id, send({ method: "GET", path }));
  }
  return await about(
    id,
    raw.call((api, options) => {
      if (decrypt) return api.decryptEnvironment(...where, options);
      if (revision === undefined) return api.getEnvironment(...where, options);
      return api.getEnvironmentAtVersion(...where, String(revision), options);
    }),
  );
}

async function fetchHead({ organisation, raw }: Place, id: EnvironmentId): Promise<EscAnswer> {
  return await about(
    id,
    raw.call((api, options) => api.getEnvironmentETag(organisation, id.project, id.name, options)),
  );
}

/** What changes when the text behind an import does: a pinned revision never does. */
async function fetchStamp(place: Place, id: EnvironmentId, revision: number | string | undefined): Promise<string> {
  if (typeof revision === "number") return String(revision);
  if (revision === undefined || revision === "latest") return readEtag(await fetchHead(place, id));
  const { organisation, raw } = place;
  const answer = await about(
    id,
    raw.call((api, options) => api.getEnvironmentRevisionTag(organisation, id.project, id.name, revision, options)),
  );
  return String(readAnswer(RevisionTagAnswer, answer).revision);
}

/** The specification names both headers; the official command line sends the first. */
async function sendDefinition(
  { organisation, raw, send }: Place,
  id: EnvironmentId,
  { yaml, etag }: { yaml: string; etag: string | undefined },
): Promise<UpdateResult> {
  const headers = etag === undefined || etag === "" ? {} : { ETag: etag, "If-Match": etag };
  const settings = { headers, answers: [400] };
  const answer = await about(
    id,
    raw.call((api) => api.updateEnvironmentYaml(organisation, id.project, id.name, yaml, settings as object)),
  );
  const diagnostics = parseDiagnostics(answer.json);
  if (answer.status === 400) {
    if (diagnostics.length === 0) throw malformed();
    return { kept: false, diagnostics };
  }
  return { kept: true, diagnostics, ...(await readWritten({ organisation, raw, send }, id, answer)) };
}

async function readWritten(
  place: Place,
  id: EnvironmentId,
  answer: EscAnswer,
): Promise<{ revision: number; etag: string }> {
  const told = { revision: readRevision(answer), etag: readEtag(answer) };
  if (told.revision > 0 && told.etag !== "") return told;
  const head = await fetchHead(place, id);
  return { revision: told.revision || readRevision(head), etag: readEtag(head) };
}

/** https://www.pulumi.com/docs/esc/reference/rotated-secrets/ — not in the SDK. */
async function rotate(place: Place, id: EnvironmentId, paths: readonly string[]): Promise<UpdateResult> {
  const path = apiPath`/environments/${place.organisation}/${id.project}/${id.name}/rotate`;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ paths });
  const answer = await about(id, place.send({ method: "POST", path, headers, body, answers: [400] }));
  const diagnostics = parseDiagnostics(answer.json);
  if (answer.status === 400) {
    if (diagnostics.length === 0) throw malformed();
    return { kept: false, diagnostics };
  }
  const { postRotationRevision } = readAnswer(RotateAnswer, answer).secretRotationEvent;
  if (postRotationRevision === undefined || postRotationRevision === null) return { kept: false, diagnostics };
  return { kept: true, diagnostics, revision: postRotationRevision, etag: readEtag(await fetchHead(place, id)) };
}

function malformed(): AppError {
  return new AppError("invalid_input", "Pulumi Cloud refused the request as malformed (HTTP 400).", {
    service: "pulumi-esc",
    status: 400,
    hint: "Check the names: letters, digits, -, _ and . only.",
  });
}
