import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import type { InfraServices } from "../services.ts";
import { readAllKinds, readKind, ResourceItem, resourceKinds } from "../domain/list-items.ts";
import { sourceOf } from "../domain/source-of.ts";
import { takePage } from "../domain/page.ts";

export const listResources = defineTool({
  name: "list_resources",
  title: "List infrastructure resources",
  description:
    "Lists containers, images, volumes, the four servers, local Git repositories and their branches, a page at a time.\n" +
    "- Use when asked what exists, or to find the exact id that diagnose and plan_change need.\n" +
    "- Use kind to see one sort, filter for a word in name, state or detail.\n" +
    'Example: {"kind": "containers", "filter": "unhealthy"}',
  effect: "read",
  deadlineMs: 20_000,
  items: "items",
  input: z.strictObject({
    kind: z.enum(resourceKinds).optional().describe("Only this kind. Default: all."),
    filter: z
      .string()
      .max(100)
      .optional()
      .describe("Only items with this text in name, id, state or detail; case does not matter."),
    limit: z.int().min(1).max(100).default(50).describe("Items per page."),
    cursor: Cursor,
  }),
  output: z.object({
    items: z.array(ResourceItem),
    total: z.int().describe("Items that match, on all pages."),
    nextCursor: NextCursor,
    problems: z.array(z.string()).describe("Kinds that could not be read, and the fix."),
    source: Source,
  }),
  async run({ kind, filter, limit, cursor }, { services, signal }: ToolContext<InfraServices>) {
    const { items, problems } =
      kind === undefined
        ? await readAllKinds(services, signal)
        : { items: await readKind(services, kind, signal), problems: [] };
    const word = filter?.trim().toLowerCase() ?? "";
    const matching = items.filter((item) =>
      `${item.name}\n${item.id}\n${item.state}\n${item.detail}`.toLowerCase().includes(word),
    );
    const page = takePage(matching, {
      keyOf: (item) => `${item.kind}\n${item.name}\n${item.id}`,
      limit,
      scope: `${kind ?? ""}\n${word}`,
      cursor,
    });
    return {
      items: page.items,
      total: matching.length,
      ...(page.next !== undefined && { nextCursor: page.next }),
      problems,
      source: sourceOf("sophia", services),
    };
  },
});
