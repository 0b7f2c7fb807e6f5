import { apiPath } from "@sophia/core/http/target";
import type { EnvironmentId, OpenedEnvironment, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import { OpenAnswer, RevisionTagAnswer } from "./answers.ts";
import { about, readAnswer, readEtag, readRevision } from "./cloud-calls.ts";
import { createCloudClosure } from "./cloud-closure.ts";
import { type CloudPlace, fetchDefinition, fetchHead, malformedRequest } from "./cloud-place.ts";
import type { EscAnswer, EscRequest } from "./esc-transport.ts";
import { parseDiagnostics, parseEnvironment } from "./parse-environment.ts";

export type CloudOpening = Pick<SecretBackend, "check" | "open" | "openYaml" | "version">;

/** A session with the values in the clear lives on at Pulumi Cloud; it is read once, at once. */
const sessionDuration = "1m";
const yamlType = { "content-type": "application/x-yaml" };

/** Checking and opening. https://www.pulumi.com/docs/reference/cloud-rest-api/environments/ */
export function createCloudOpening(place: CloudPlace): CloudOpening {
  const { organisation, send } = place;
  const root = apiPath`/environments/${organisation}`;
  const closure = createCloudClosure({
    etagOf: async (id, revision) => await fetchStamp(place, id, revision),
    readText: async (id, revision) => (await fetchDefinition(place, id, { revision, decrypt: false })).text,
  });

  return {
    version: (id) => closure.version(id),
    async check(subject) {
      if ("yaml" in subject) {
        const request = { method: "POST", path: `${root}/yaml/check`, headers: yamlType, body: subject.yaml } as const;
        return toChecked(await send({ ...request, answers: [400] }));
      }
      const path = root + apiPath`/${subject.project}/${subject.name}/check`;
      return toChecked(await about(subject, send({ method: "POST", path, answers: [400] })));
    },
    async open(id, { revision, signal } = {}) {
      const base = root + apiPath`/${id.project}/${id.name}`;
      const path = revision === undefined ? `${base}/open` : `${base}${apiPath`/versions/${revision}`}/open`;
      // Before the values: what changes in between is found by the next look.
      const version = revision === undefined ? await closure.version(id) : undefined;
      const opened = await about(id, openSession(place, { path, base: `${base}/open` }, { signal }));
      return { ...opened, version: version ?? "" };
    },
    async openYaml(yaml, { signal } = {}) {
      const path = `${root}/yaml/open`;
      return await openSession(place, { path, base: path }, { headers: yamlType, body: yaml, signal });
    },
  };
}

/** Opens, then reads what was opened. @param where.base below it sessions are read. */
async function openSession(
  { send }: CloudPlace,
  where: { path: string; base: string },
  { signal, ...content }: Pick<EscRequest, "headers" | "body"> & { signal: AbortSignal | undefined },
): Promise<OpenedEnvironment> {
  const cancel = signal === undefined ? {} : { signal };
  const query = { duration: sessionDuration };
  const answer = await send({ method: "POST", path: where.path, query, answers: [400], ...content, ...cancel });
  if (answer.status === 400) return refused(answer);
  const { id } = readAnswer(OpenAnswer, answer);
  const session = await send({ method: "GET", path: where.base + apiPath`/${id}`, ...cancel });
  return {
    environment: parseEnvironment(session.json ?? null),
    diagnostics: parseDiagnostics(answer.json),
    revision: readRevision(answer),
    version: "",
  };
}

function toChecked(answer: EscAnswer): OpenedEnvironment {
  if (answer.status === 400) return refused(answer);
  const environment = parseEnvironment(answer.json ?? null);
  return { environment, diagnostics: parseDiagnostics(answer.json), revision: readRevision(answer), version: "" };
}

function refused(answer: EscAnswer): OpenedEnvironment {
  const diagnostics = parseDiagnostics(answer.json);
  if (diagnostics.length === 0) throw malformedRequest();
  return { environment: undefined, diagnostics, revision: readRevision(answer), version: "" };
}

/** What changes when the text behind an import does: a pinned revision never does. */
async function fetchStamp(
  place: CloudPlace,
  id: EnvironmentId,
  revision: number | string | undefined,
): Promise<string> {
  if (typeof revision === "number") return String(revision);
  if (revision === undefined || revision === "latest") return readEtag(await fetchHead(place, id));
  const where = [place.organisation, id.project, id.name] as const;
  const answer = await about(
    id,
    place.raw.call((api, options) => api.getEnvironmentRevisionTag(...where, revision, options)),
  );
  return String(readAnswer(RevisionTagAnswer, answer).revision);
}
