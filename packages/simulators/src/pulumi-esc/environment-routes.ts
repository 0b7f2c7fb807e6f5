import { z } from "zod";
import type { RestId, RestSource, RestSummary } from "./rest-backend.ts";
import { idOf, nameOf, type RestAnswer, type RestContext, type RestRequest, type Route } from "./rest-context.ts";
import { parseBody, parseCount, parseVersion, toMoment } from "./request-body.ts";
import { RestError } from "./rest-error.ts";

const CreateBody = z.object({ project: z.string(), name: z.string() });
const CloneBody = z.object({
  project: z.string().optional(),
  name: z.string(),
  version: z.number().int().optional(),
  preserveHistory: z.boolean().default(false),
  preserveEnvironmentTags: z.boolean().default(false),
  preserveRevisionTags: z.boolean().default(false),
});

const one = "/esc/environments/:organisation/:project/:environment";

/** Environments and their definitions. */
export function environmentRoutes<Environment>(): Route<Environment>[] {
  return [
    { method: "GET", path: "/esc/environments/:organisation", run: list },
    {
      method: "POST",
      path: "/esc/environments/:organisation",
      async run({ body }, { backend }) {
        const { project, name } = parseBody(CreateBody, body);
        await backend.create({ project, name });
        return { status: 200, json: {} };
      },
    },
    {
      method: "GET",
      path: one,
      run: async (request, { backend }) => sendSource(await backend.read(idOf(request), {})),
    },
    {
      method: "HEAD",
      path: one,
      async run(request, { backend }) {
        return { ...sendSource(await backend.read(idOf(request), {})), yaml: "" };
      },
    },
    {
      method: "GET",
      path: `${one}/decrypt`,
      run: async (request, { backend }) => sendSource(await backend.read(idOf(request), { decrypt: true })),
    },
    { method: "PATCH", path: one, run: update },
    {
      method: "DELETE",
      path: one,
      async run(request, { backend }) {
        await backend.delete(idOf(request));
        return { status: 200, json: {} };
      },
    },
    { method: "POST", path: `${one}/clone`, run: clone },
    {
      method: "GET",
      path: `${one}/versions/:version`,
      run: (request, context) => readVersion(request, context, false),
    },
    {
      method: "GET",
      path: `${one}/versions/:version/decrypt`,
      run: (request, context) => readVersion(request, context, true),
    },
  ];
}

async function readVersion<Environment>(
  request: RestRequest,
  { backend }: RestContext<Environment>,
  decrypt: boolean,
): Promise<RestAnswer> {
  const revision = parseVersion(request.parameters["version"] ?? "");
  return sendSource(await backend.read(idOf(request), { revision, decrypt }));
}

async function list<Environment>(request: RestRequest, context: RestContext<Environment>): Promise<RestAnswer> {
  const limit = parseCount(request.query.get("maxResults"), "maxResults");
  const cursor = request.query.get("continuationToken");
  const page = await context.backend.list({ limit, cursor: cursor ?? undefined });
  const environments = page.items.map((summary) => toListed(summary, context));
  return { status: 200, json: { environments, nextToken: page.nextCursor ?? "" } };
}

function toListed<Environment>(summary: RestSummary, { organisation, user }: RestContext<Environment>): unknown {
  return {
    id: nameOf(summary),
    organization: organisation,
    project: summary.project,
    name: summary.name,
    created: toMoment(summary.createdAt),
    modified: toMoment(summary.modifiedAt),
    ownedBy: { name: user, githubLogin: user, avatarUrl: "" },
    tags: summary.tags,
    links: { self: `/api/esc/environments/${organisation}/${nameOf(summary)}` },
    referrerMetadata: { environmentReferrerCount: 0, stackReferrerCount: 0, insightsAccountReferrerCount: 0 },
    settings: { deletionProtected: false },
  };
}

async function update<Environment>(request: RestRequest, { backend }: RestContext<Environment>): Promise<RestAnswer> {
  const sent = request.headers["etag"] ?? request.headers["if-match"];
  const etag = typeof sent === "string" && sent !== "" ? sent.replace(/^(?:W\/)?"(.*)"$/, "$1") : undefined;
  const result = await backend.update(idOf(request), request.body, { etag });
  if (!result.kept) throw new RestError(400, "Bad Request: the definition has errors", result.diagnostics);
  const { diagnostics, revision } = result;
  return {
    status: 200,
    headers: { ETag: result.etag, "Pulumi-ESC-Revision": String(revision) },
    json: diagnostics.length === 0 ? {} : { diagnostics },
  };
}

/** A store copies the whole history; without `preserveHistory` only one text goes along. */
async function clone<Environment>(request: RestRequest, { backend }: RestContext<Environment>): Promise<RestAnswer> {
  const from = idOf(request);
  const body = parseBody(CloneBody, request.body);
  const to: RestId = { project: body.project ?? from.project, name: body.name };
  const { tags } = await backend.get(from);
  if (body.preserveHistory) {
    await backend.clone(from, to);
    if (!body.preserveRevisionTags) await dropRevisionTags(backend, to);
    if (!body.preserveEnvironmentTags) for (const name of Object.keys(tags)) await backend.removeTag(to, name);
    return { status: 204 };
  }
  const revision = body.version;
  const { yaml } = await backend.read(from, { revision, decrypt: true });
  await backend.create(to);
  await backend.update(to, yaml, {});
  if (body.preserveEnvironmentTags) {
    for (const [name, value] of Object.entries(tags)) await backend.setTag(to, name, value);
  }
  return { status: 204 };
}

async function dropRevisionTags<Environment>(backend: RestContext<Environment>["backend"], id: RestId): Promise<void> {
  for (const { tags } of await backend.revisions(id, { limit: 10_000 })) {
    for (const tag of tags) if (tag !== "latest") await backend.untagRevision(id, tag);
  }
}

function sendSource({ yaml, etag, revision }: RestSource): RestAnswer {
  return { status: 200, headers: { ETag: etag, "Pulumi-ESC-Revision": String(revision) }, yaml };
}
