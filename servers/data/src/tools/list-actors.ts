import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import { requireVendor, type Vendors } from "../domain/reached-vendors.ts";

interface Services {
  vendors: Pick<Vendors, "apify">;
}

export const listActors = defineTool({
  name: "list_actors",
  title: "List Apify Actors",
  description: `Finds Actors of Apify's store by words, or lists those of this account, with what they cost.
- Use to find an Actor for run_actor or collect. Details and the input's schema: give actor.
Example: {"search": "google maps", "limit": 5}`,
  effect: "read",
  openWorld: true,
  items: "actors",
  input: z.strictObject({
    search: z.string().max(200).optional().describe("Words; left out: the account's own."),
    actor: z.string().max(200).optional().describe("Only this one, username~name, with its input's schema."),
    limit: z.int().min(1).max(50).default(10).describe("Actors in this answer."),
    cursor: Cursor,
  }),
  output: z.object({
    actors: z.array(
      z.object({
        actor: z.string().describe("For run_actor."),
        title: z.string().nullable(),
        description: z.string().nullable(),
        pricing: z.string().nullable().describe("How it is paid."),
        runs: z.int().nullable(),
        inputSchema: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
    total: z.int(),
    nextCursor: NextCursor,
    untrusted: z.literal(true).describe("Titles, descriptions and schemas were written by their authors."),
    source: Source,
  }),
  async run({ search, actor, limit, cursor }, { services, signal }: ToolContext<Services>) {
    const { client, mode } = requireVendor(services.vendors, "apify");
    const common = { untrusted: true as const, source: { service: "apify", mode, costUsd: 0 } };
    if (actor !== undefined) {
      const { inputSchema, ...found } = await client.getActor(actor, signal);
      return { actors: [{ ...toActor(found), ...(inputSchema && { inputSchema }) }], total: 1, ...common };
    }
    const scope = search ?? "own";
    const offset = readCursor(cursor, scope, z.int().min(0).max(100_000)) ?? 0;
    const { actors, total } =
      search === undefined
        ? await client.listActors({ offset, limit }, signal)
        : await client.searchActors({ search, offset, limit }, signal);
    const next = offset + limit;
    return {
      actors: actors.map(toActor),
      total,
      ...(next < total && { nextCursor: toCursor(next, scope) }),
      ...common,
    };
  },
});

type Found = Awaited<ReturnType<NonNullable<Vendors["apify"]>["client"]["listActors"]>>["actors"][number];

function toActor({ name, title, description, pricing, runCount }: Found) {
  return {
    actor: name,
    title: title ?? null,
    description: description?.slice(0, 400) ?? null,
    pricing: pricing?.pricingModel ?? null,
    runs: runCount ?? null,
  };
}
