import { expect, test } from "vitest";
import type { CollectionSpec } from "../collections/collection-spec.ts";
import { samplePlan } from "../testing/sample-collection.ts";
import { toolContext } from "../testing/tool-context.ts";
import { launchPhantom } from "./launch-phantom.ts";

test("a launch always needs somebody's approval, and begins as a collection of one item", async () => {
  const started: CollectionSpec[] = [];
  const collections = {
    plan: () => samplePlan({ items: 1, needsApproval: false }),
    start: async ({ spec }: { spec: CollectionSpec }) => {
      started.push(spec);
      return "c1";
    },
  };
  const context = toolContext({ collections });
  const input = launchPhantom.input.parse({ agentId: "7000000000000001", argument: { page: 1 } });
  const plan = await launchPhantom.plan(input, context);
  expect(plan).toMatchObject({ risk: "medium", blastRadius: expect.stringContaining("person") });
  await launchPhantom.apply(input, plan, context);
  expect(started[0]?.sources).toEqual([
    { source: "phantombuster", agentId: "7000000000000001", inputs: [{ page: 1 }] },
  ]);
  expect(launchPhantom.input.safeParse({ agentId: "x" }).success).toBe(false);
});
