import { expect, test } from "vitest";
import { sampleReport } from "../testing/sample-collection.ts";
import { toolContext } from "../testing/tool-context.ts";
import { manageCollection } from "./manage-collection.ts";

test("does what is asked, for the caller alone, and tells how it stands", async () => {
  const told: unknown[] = [];
  const collections = {
    control: async (...call: unknown[]) => void told.push(call),
    report: async () => ({ ...sampleReport(), state: "paused" as const }),
  };
  const context = toolContext({ collections });
  const output = await manageCollection.run({ collectionId: "c1", action: "pause" }, context);
  expect(told).toEqual([["c1", context.caller.id, "pause"]]);
  expect(manageCollection.output.parse(output)).toMatchObject({ collection: { state: "paused" } });
  expect(manageCollection.input.safeParse({ collectionId: "c1", action: "delete" }).success).toBe(false);
});
