import { apiPath } from "@sophia/core/http/target";
import type {
  EnvironmentId,
  EnvironmentSummary,
  ListQuery,
  Page,
  SecretBackend,
  UpdateResult,
} from "@sophia/core/secrets/backend/secret-backend";
import { ListAnswer, RotateAnswer } from "./answers.ts";
import { about, readAnswer, readEtag, readRevision } from "./cloud-calls.ts";
import type { CloudHistory } from "./cloud-history.ts";
import { type CloudPlace, fetchDefinition, fetchHead, malformedRequest } from "./cloud-place.ts";
import type { EscAnswer } from "./esc-transport.ts";
import { parseDiagnostics } from "./parse-environment.ts";

export type CloudDefinitions = Pick<
  SecretBackend,
  "list" | "get" | "create" | "clone" | "delete" | "read" | "update" | "rollback" | "rotate"
>;

/** Environments and their texts. https://www.pulumi.com/docs/reference/cloud-rest-api/environments/ */
export function createCloudDefinitions(place: CloudPlace, history: CloudHistory): CloudDefinitions {
  const { organisation, raw } = place;
  const get = (id: EnvironmentId): Promise<EnvironmentSummary> => summarise(history, id);

  return {
    get,
    list: (query) => list(place, query ?? {}),
    async create(id) {
      await about(
        id,
        raw.call((api, options) => api.createEnvironment(organisation, { ...id }, options)),
      );
      return await get(id);
    },
    async clone(id, to) {
      const body = { ...to, preserveHistory: true, preserveEnvironmentTags: true, preserveRevisionTags: true };
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
      const wanted = await fetchDefinition(place, id, { revision, decrypt: false });
      const head = await fetchHead(place, id);
      return await sendDefinition(place, id, { yaml: wanted.text, etag: readEtag(head) });
    },
    rotate: (id, paths) => rotate(place, id, paths ?? []),
  };
}

async function list(
  { organisation, raw }: CloudPlace,
  { project, cursor, limit }: ListQuery,
): Promise<Page<EnvironmentSummary>> {
  const answer = await raw.call((api, options) => api.listEnvironments(organisation, cursor, options), {
    query: { maxResults: limit },
  });
  const { environments, nextToken } = readAnswer(ListAnswer, answer);
  return {
    items: environments
      .filter((each) => project === undefined || each.project === project)
      // The list tells no revision; asking for each would be a call for each.
      .map(({ created, modified, tags, ...id }) => {
        return { ...id, createdAt: created, modifiedAt: modified, revision: 0, tags: tags ?? {} };
      }),
    nextCursor: nextToken === null || nextToken === "" ? undefined : nextToken,
  };
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

/** The specification names both headers; the official command line sends the first. */
async function sendDefinition(
  place: CloudPlace,
  id: EnvironmentId,
  { yaml, etag }: { yaml: string; etag: string | undefined },
): Promise<UpdateResult> {
  const where = [place.organisation, id.project, id.name] as const;
  const headers = etag === undefined || etag === "" ? {} : { ETag: etag, "If-Match": etag };
  const settings = { headers, answers: [400] };
  const call = place.raw.call((api, options) => api.updateEnvironmentYaml(...where, yaml, options), settings);
  const answer = await about(id, call);
  const diagnostics = parseDiagnostics(answer.json);
  if (answer.status === 400) return notKept(answer);
  return { kept: true, diagnostics, ...(await readWritten(place, id, answer)) };
}

async function readWritten(
  place: CloudPlace,
  id: EnvironmentId,
  answer: EscAnswer,
): Promise<{ revision: number; etag: string }> {
  const told = { revision: readRevision(answer), etag: readEtag(answer) };
  if (told.revision > 0 && told.etag !== "") return told;
  const head = await fetchHead(place, id);
  return { revision: told.revision || readRevision(head), etag: readEtag(head) };
}

/** https://www.pulumi.com/docs/esc/reference/rotated-secrets/ - the SDK has no call for it. */
async function rotate(place: CloudPlace, id: EnvironmentId, paths: readonly string[]): Promise<UpdateResult> {
  const path = apiPath`/environments/${place.organisation}/${id.project}/${id.name}/rotate`;
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ paths });
  const answer = await about(id, place.send({ method: "POST", path, headers, body, answers: [400] }));
  const diagnostics = parseDiagnostics(answer.json);
  if (answer.status === 400) return notKept(answer);
  const { postRotationRevision } = readAnswer(RotateAnswer, answer).secretRotationEvent;
  if (postRotationRevision === undefined || postRotationRevision === null) return { kept: false, diagnostics };
  return { kept: true, diagnostics, revision: postRotationRevision, etag: readEtag(await fetchHead(place, id)) };
}

function notKept(answer: EscAnswer): UpdateResult {
  const diagnostics = parseDiagnostics(answer.json);
  if (diagnostics.length === 0) throw malformedRequest();
  return { kept: false, diagnostics };
}
