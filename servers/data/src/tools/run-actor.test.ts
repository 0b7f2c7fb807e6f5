import { expect, test } from "vitest";
import type { CollectionSpec } from "../collections/collection-spec.ts";
import { samplePlan } from "../testing/sample-collection.ts";
import { toolContext } from "../testing/tool-context.ts";
import { runActor } from "./run-actor.ts";

test("a run is a plan with its most cost, and begins as a collection of one item", async () => {
  const started: CollectionSpec[] = [];
  const bySource = [{ source: "apify" as const, service: "apify", mode: "simulated" as const, items: 1, mostUsd: 0 }];
  const collections = {
    plan: (spec: CollectionSpec) => samplePlan({ items: 1, bySource, needsApproval: spec.budgetUsd > 1 }),
    start: async ({ spec }: { spec: CollectionSpec }) => {
      started.push(spec);
      return "c1";
    },
  };
  const context = toolContext({ collections });
  const input = runActor.input.parse({ actor: "a~b", input: { x: 1 } });
  const plan = await runActor.plan(input, context);
  expect(plan).toMatchObject({ risk: "low", summary: expect.stringContaining("0.5 USD") });
  expect((await runActor.plan({ ...input, maxRunUsd: 5 }, context)).risk).toBe("medium");
  expect(started).toEqual([]);
  expect(await runActor.apply(input, plan, context)).toMatchObject({
    collectionId: "c1",
    source: { mode: "simulated" },
  });
  expect(started[0]?.sources).toMatchObject([{ source: "apify", actor: "a~b", inputs: [{ x: 1 }], maxRunUsd: 0.5 }]);
});
