import { expect, test } from "vitest";
import { toolContext } from "../testing/tool-context.ts";
import { getDatasetItems } from "./get-dataset-items.ts";

test("long texts are cut, so that one item does not push out the others", async () => {
  const client = {
    listItems: async () => ({ items: [{ text: "x".repeat(10_000), id: "9007199254740993" }], total: 1 }),
  };
  const vendors = { apify: { client, mode: "live" as const } };
  const context = toolContext({ vendors }) as unknown as Parameters<typeof getDatasetItems.run>[1];
  const output = await getDatasetItems.run(getDatasetItems.input.parse({ datasetId: "d1" }), context);
  expect(String(output.items[0]?.["text"])).toHaveLength(4_001);
  expect(output.items[0]?.["id"]).toBe("9007199254740993");
  expect(output).not.toHaveProperty("nextCursor");
});
