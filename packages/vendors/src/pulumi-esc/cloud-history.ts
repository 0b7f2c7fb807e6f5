import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId, RevisionSummary, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import { isConflict } from "@sophia/core/secrets/backend/conflict";
import { apiPath } from "@sophia/core/http/target";
import { RevisionsAnswer, TagAnswer, TagsAnswer } from "./answers.ts";
import { about, readAnswer } from "./cloud-calls.ts";
import type { CloudPlace } from "./cloud-place.ts";
import type { RawApi } from "./raw-api.ts";

export type CloudHistory = Pick<
  SecretBackend,
  "revisions" | "retract" | "tagRevision" | "untagRevision" | "setTag" | "removeTag"
> & { tags(id: EnvironmentId): Promise<Record<string, string>> };

const mostTagPages = 20;
const largestCount = 1_000;

/** Revisions and tags. https://www.pulumi.com/docs/reference/cloud-rest-api/environments/ */
export function createCloudHistory({ organisation, raw, send }: CloudPlace): CloudHistory {
  async function createRevisionTag({ project, name }: EnvironmentId, tag: string, revision: number): Promise<void> {
    const content = { name: tag, revision };
    await raw.call((api, options) => api.createEnvironmentRevisionTag(organisation, project, name, content, options));
  }

  return {
    async revisions(id, { before, limit } = {}) {
      const count = Math.max(1, Math.min(limit ?? 100, largestCount));
      const answer = await about(
        id,
        raw.call((api, options) =>
          api.listEnvironmentRevisions(organisation, id.project, id.name, before, count, options),
        ),
      );
      return readAnswer(RevisionsAnswer, answer).map(toRevision);
    },
    async retract(id, revision, { reason, replacement } = {}) {
      const body = { ...(reason !== undefined && { reason }), ...(replacement !== undefined && { replacement }) };
      const path = apiPath`/environments/${organisation}/${id.project}/${id.name}/versions/${revision}/retract`;
      const headers = { "content-type": "application/json" };
      await about(id, send({ method: "POST", path, headers, body: JSON.stringify(body) }));
    },
    async tagRevision(id, tag, revision) {
      if (tag === "latest") throw latestMoves();
      try {
        await about(id, createRevisionTag(id, tag, revision));
      } catch (thrown) {
        if (!isConflict(thrown)) throw thrown;
        await about(
          id,
          raw.call((api, options) =>
            api.updateEnvironmentRevisionTag(organisation, id.project, id.name, tag, { revision }, options),
          ),
        );
      }
    },
    async untagRevision(id, tag) {
      if (tag === "latest") throw latestMoves();
      await about(
        id,
        raw.call((api, options) => api.deleteEnvironmentRevisionTag(organisation, id.project, id.name, tag, options)),
      );
    },
    setTag: (id, name, value) => setTag(organisation, raw, { id, name, value }),
    async removeTag(id, tag) {
      await about(
        id,
        raw.call((api, options) => api.deleteEnvironmentTag(organisation, id.project, id.name, tag, options)),
      );
    },
    tags: (id) => listTags(organisation, raw, id),
  };
}

/** The API has one call for a new tag and one for a change, which wants the old value. */
async function setTag(
  organisation: string,
  raw: RawApi,
  { id, name, value }: { id: EnvironmentId; name: string; value: string },
): Promise<void> {
  const place = [organisation, id.project, id.name] as const;
  try {
    await about(
      id,
      raw.call((api, options) => api.createEnvironmentTag(...place, { name, value }, options)),
    );
  } catch (thrown) {
    if (!isConflict(thrown)) throw thrown;
    const answer = await about(
      id,
      raw.call((api, options) => api.getEnvironmentTag(...place, name, options)),
    );
    const change = { currentTag: { value: readAnswer(TagAnswer, answer).value }, newTag: { name, value } };
    await about(
      id,
      raw.call((api, options) => api.updateEnvironmentTag(...place, name, change, options)),
    );
  }
}

async function listTags(organisation: string, raw: RawApi, id: EnvironmentId): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  let after: string | undefined;
  for (let page = 0; page < mostTagPages; page++) {
    const answer = await about(
      id,
      raw.call((api, options) => api.listEnvironmentTags(organisation, id.project, id.name, after, 100, options)),
    );
    const { tags, nextToken } = readAnswer(TagsAnswer, answer);
    found.push(...Object.entries(tags ?? {}).map(([name, { value }]): [string, string] => [name, value]));
    if (nextToken === undefined || nextToken === null || nextToken === "" || nextToken === after) {
      return Object.fromEntries(found);
    }
    after = nextToken;
  }
  throw new AppError("upstream", `Pulumi Cloud lists the tags of ${formatEnvironmentId(id)} without an end.`, {
    service: "pulumi-esc",
    hint: "Try again later.",
    retryable: false,
  });
}

function toRevision(answer: NonNullable<ReturnType<typeof RevisionsAnswer.parse>>[number]): RevisionSummary {
  return {
    revision: answer.number,
    createdAt: answer.created,
    author: answer.creatorLogin ?? answer.creatorName ?? "",
    message: answer.sourceChangeRequest?.description ?? "",
    tags: answer.tags ?? [],
    retracted: answer.retracted !== undefined && answer.retracted !== null,
  };
}

function latestMoves(): AppError {
  return new AppError("invalid_input", "The tag latest moves by itself.", { hint: "Choose another name." });
}
