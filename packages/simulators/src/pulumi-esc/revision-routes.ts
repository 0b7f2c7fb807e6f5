import { z } from "zod";
import type { RestId, RestRevision } from "./rest-backend.ts";
import { idOf, type RestAnswer, type RestContext, type RestRequest, type Route } from "./rest-context.ts";
import { parseBody, parseCount, parseVersion, toMoment } from "./request-body.ts";
import { RestError } from "./rest-error.ts";

const RevisionTagBody = z.object({ name: z.string(), revision: z.number().int().optional() });
const MoveTagBody = z.object({ revision: z.number().int().optional() });
const RetractBody = z.object({ replacement: z.number().int().optional(), reason: z.string().optional() });

const versions = "/esc/environments/:organisation/:project/:environment/versions";
const everything = 10_000;

/** Revisions and the tags that name them. */
export function revisionRoutes<Environment>(): Route<Environment>[] {
  return [
    { method: "GET", path: versions, run: listRevisions },
    { method: "GET", path: `${versions}/tags`, run: listTags },
    { method: "POST", path: `${versions}/tags`, run: createTag },
    {
      method: "GET",
      path: `${versions}/tags/:tag`,
      async run(request, context) {
        return { status: 200, json: await findTag(request, context) };
      },
    },
    {
      method: "PATCH",
      path: `${versions}/tags/:tag`,
      async run(request, context) {
        const { name } = await findTag(request, context);
        await setTag(context, idOf(request), { name, revision: parseBody(MoveTagBody, request.body).revision });
        return { status: 204 };
      },
    },
    {
      method: "DELETE",
      path: `${versions}/tags/:tag`,
      async run(request, { backend }) {
        await backend.untagRevision(idOf(request), request.parameters["tag"] ?? "");
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: `${versions}/:version/retract`,
      async run(request, { backend }) {
        const version = parseVersion(request.parameters["version"] ?? "");
        if (typeof version === "string") throw new RestError(400, "Bad Request: retract a revision by its number");
        const { reason, replacement } = request.body === "" ? {} : parseBody(RetractBody, request.body);
        await backend.retract(idOf(request), version, {
          ...(reason !== undefined && { reason }),
          ...(replacement !== undefined && { replacement }),
        });
        return { status: 204 };
      },
    },
    {
      method: "GET",
      path: `${versions}/:version/tags`,
      async run(request, context) {
        const version = parseVersion(request.parameters["version"] ?? "");
        const tags = (await allTags(request, context)).filter(({ revision, name }) => {
          return revision === version || name === version;
        });
        return { status: 200, json: { tags, nextToken: "" } };
      },
    },
  ];
}

async function listRevisions<Environment>(
  request: RestRequest,
  { backend, user }: RestContext<Environment>,
): Promise<RestAnswer> {
  const before = parseCount(request.query.get("before"), "before");
  const limit = parseCount(request.query.get("count"), "count");
  const found = await backend.revisions(idOf(request), {
    ...(before !== undefined && before > 0 && { before }),
    ...(limit !== undefined && limit > 0 && { limit }),
  });
  return { status: 200, json: found.map((revision) => toRevision(revision, user)) };
}

function toRevision(revision: RestRevision, user: string): unknown {
  const { author, createdAt, message, retracted } = revision;
  return {
    number: revision.revision,
    created: toMoment(createdAt),
    creatorLogin: author || user,
    creatorName: author || user,
    tags: revision.tags,
    // The contract tells of a change's purpose only here.
    ...(message !== "" && { sourceChangeRequest: { id: String(revision.revision), description: message } }),
    ...(retracted && { retracted: { at: toMoment(createdAt), replacement: Math.max(1, revision.revision - 1) } }),
  };
}

interface RevisionTag {
  name: string;
  revision: number;
  created: string;
  modified: string;
  editorLogin: string;
  editorName: string;
}

async function allTags<Environment>(
  request: RestRequest,
  { backend, user }: RestContext<Environment>,
): Promise<RevisionTag[]> {
  const revisions = await backend.revisions(idOf(request), { limit: everything });
  const tags = revisions.flatMap((revision) =>
    revision.tags.map((name) => ({
      name,
      revision: revision.revision,
      created: toMoment(revision.createdAt),
      modified: toMoment(revision.createdAt),
      editorLogin: user,
      editorName: user,
    })),
  );
  return tags.sort((left, right) => (left.name < right.name ? -1 : 1));
}

async function listTags<Environment>(request: RestRequest, context: RestContext<Environment>): Promise<RestAnswer> {
  const after = request.query.get("after") ?? "";
  const count = parseCount(request.query.get("count"), "count") || everything;
  const rest = (await allTags(request, context)).filter(({ name }) => name > after);
  const tags = rest.slice(0, count);
  return { status: 200, json: { tags, nextToken: rest.length > count ? (tags.at(-1)?.name ?? "") : "" } };
}

async function findTag<Environment>(request: RestRequest, context: RestContext<Environment>): Promise<RevisionTag> {
  const wanted = request.parameters["tag"];
  const found = (await allTags(request, context)).find(({ name }) => name === wanted);
  if (found === undefined) throw new RestError(404, "Not Found: revision tag");
  return found;
}

async function createTag<Environment>(request: RestRequest, context: RestContext<Environment>): Promise<RestAnswer> {
  const tag = parseBody(RevisionTagBody, request.body);
  if ((await allTags(request, context)).some(({ name }) => name === tag.name && name !== "latest")) {
    throw new RestError(409, "Conflict: revision tag already exists");
  }
  await setTag(context, idOf(request), tag);
  return { status: 204 };
}

async function setTag<Environment>(
  { backend }: RestContext<Environment>,
  id: RestId,
  tag: { name: string; revision?: number | undefined },
): Promise<void> {
  await backend.tagRevision(id, tag.name, tag.revision ?? (await backend.get(id)).revision);
}
