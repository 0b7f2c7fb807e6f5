import { z } from "zod";
import { idOf, type RestAnswer, type RestContext, type RestRequest, type Route } from "./rest-context.ts";
import { parseBody, parseCount, toMoment } from "./request-body.ts";
import { RestError } from "./rest-error.ts";

const TagBody = z.object({ name: z.string(), value: z.string() });
const ChangeBody = z.object({
  currentTag: z.object({ value: z.string() }),
  newTag: z.object({ name: z.string().optional(), value: z.string().optional() }),
});

const tags = "/esc/environments/:organisation/:project/:environment/tags";
const everything = 10_000;

/** Tags of environments. */
export function tagRoutes<Environment>(): Route<Environment>[] {
  return [
    { method: "GET", path: "/esc/environments/:organisation/tags", run: listOrganisationTags },
    { method: "GET", path: tags, run: list },
    {
      method: "POST",
      path: tags,
      async run(request, context) {
        const { name, value } = parseBody(TagBody, request.body);
        const all = await allTags(request, context);
        if (all.some((tag) => tag.name === name)) throw new RestError(409, "Conflict: tag already exists");
        await context.backend.setTag(idOf(request), name, value);
        return { status: 200, json: await findTag(request, context, name) };
      },
    },
    {
      method: "GET",
      path: `${tags}/:tag`,
      async run(request, context) {
        return { status: 200, json: await findTag(request, context, request.parameters["tag"] ?? "") };
      },
    },
    { method: "PATCH", path: `${tags}/:tag`, run: change },
    {
      method: "DELETE",
      path: `${tags}/:tag`,
      async run(request, { backend }) {
        await backend.removeTag(idOf(request), request.parameters["tag"] ?? "");
        return { status: 204 };
      },
    },
  ];
}

interface Tag {
  name: string;
  value: string;
}

async function allTags<Environment>(request: RestRequest, { backend, user }: RestContext<Environment>): Promise<Tag[]> {
  const summary = await backend.get(idOf(request));
  const moments = { created: toMoment(summary.createdAt), modified: toMoment(summary.modifiedAt) };
  return Object.entries(summary.tags)
    .map(([name, value]) => ({ id: name, name, value, ...moments, editorLogin: user, editorName: user }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

async function findTag<Environment>(
  request: RestRequest,
  context: RestContext<Environment>,
  wanted: string,
): Promise<Tag> {
  const found = (await allTags(request, context)).find(({ name }) => name === wanted);
  if (found === undefined) throw new RestError(404, "Not Found: tag");
  return found;
}

async function list<Environment>(request: RestRequest, context: RestContext<Environment>): Promise<RestAnswer> {
  const after = request.query.get("after") ?? "";
  const count = parseCount(request.query.get("count"), "count") || everything;
  const rest = (await allTags(request, context)).filter(({ name }) => name > after);
  const page = rest.slice(0, count);
  const nextToken = rest.length > count ? (page.at(-1)?.name ?? "") : "";
  return { status: 200, json: { tags: Object.fromEntries(page.map((tag) => [tag.name, tag])), nextToken } };
}

async function change<Environment>(request: RestRequest, context: RestContext<Environment>): Promise<RestAnswer> {
  const { currentTag, newTag } = parseBody(ChangeBody, request.body);
  const before = await findTag(request, context, request.parameters["tag"] ?? "");
  if (before.value !== currentTag.value) throw new RestError(409, "Conflict: the tag has changed since it was read");
  const name = newTag.name || before.name;
  await context.backend.setTag(idOf(request), name, newTag.value ?? before.value);
  if (name !== before.name) await context.backend.removeTag(idOf(request), before.name);
  return { status: 200, json: await findTag(request, context, name) };
}

async function listOrganisationTags<Environment>(
  _request: RestRequest,
  { backend }: RestContext<Environment>,
): Promise<RestAnswer> {
  const values = new Map<string, Set<string>>();
  for (let cursor: string | undefined = ""; cursor !== undefined;) {
    const page = await backend.list(cursor === "" ? {} : { cursor });
    for (const summary of page.items) {
      for (const [name, value] of Object.entries(summary.tags)) {
        values.set(name, (values.get(name) ?? new Set()).add(value));
      }
    }
    cursor = page.nextCursor;
  }
  return { status: 200, json: Object.fromEntries([...values].map(([name, found]) => [name, [...found].sort()])) };
}
