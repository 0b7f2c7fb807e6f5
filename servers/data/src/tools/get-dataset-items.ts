import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import { requireVendor, type Vendors } from "../domain/reached-vendors.ts";

interface Services {
  vendors: Pick<Vendors, "apify">;
}

const longestItem = 4_000;

export const getDatasetItems = defineTool({
  name: "get_dataset_items",
  title: "Read an Apify dataset",
  description: `Reads what a run of an Actor found, page by page, whole or only some fields.
- Use with the datasetId of get_run. Name fields to keep answers short; without items, fields tells what there is.
Example: {"datasetId": "WkzbQMuFYuamGv3YF", "fields": ["url", "title"], "limit": 20}`,
  effect: "read",
  openWorld: true,
  items: "items",
  input: z.strictObject({
    datasetId: z.string().min(1).max(100).describe("From get_run."),
    fields: z.array(z.string().min(1).max(100)).max(50).optional().describe("Only these."),
    describe: z.boolean().default(false).describe("Names and types of the fields instead of items."),
    limit: z.int().min(1).max(100).default(20).describe("Items in this answer."),
    cursor: Cursor,
  }),
  output: z.object({
    items: z.array(z.record(z.string(), z.unknown())).describe("Integers beyond 2^53 are texts."),
    fields: z.array(z.string()).optional().describe("name: types."),
    total: z.int(),
    nextCursor: NextCursor,
    untrusted: z.literal(true).describe("Written by others."),
    source: Source,
  }),
  async run({ datasetId, fields, describe, limit, cursor }, { services, signal }: ToolContext<Services>) {
    const { client, mode } = requireVendor(services.vendors, "apify");
    const common = { untrusted: true as const, source: { service: "apify", mode, costUsd: 0 } };
    if (describe) {
      const found = await client.describeItems(datasetId, signal);
      return {
        items: [],
        fields: found.fields.map((field) => JSON.stringify(field)),
        total: found.itemCount,
        ...common,
      };
    }
    const offset = readCursor(cursor, datasetId, z.int().min(0).max(100_000_000)) ?? 0;
    const page = await client.listItems(datasetId, { offset, limit, clean: true, ...(fields && { fields }) }, signal);
    return {
      items: page.items.map(shorten),
      total: page.total,
      ...(page.nextOffset !== undefined && { nextCursor: toCursor(page.nextOffset, datasetId) }),
      ...common,
    };
  },
});

/** A long text would push the other items out of the answer. */
function shorten(item: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(item).map(([name, value]) => {
    const text = typeof value === "string" ? value : undefined;
    return [name, text !== undefined && text.length > longestItem ? `${text.slice(0, longestItem)}…` : value];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}
