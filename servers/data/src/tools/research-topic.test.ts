import { expect, test } from "vitest";
import type { CollectionSpec } from "../collections/collection-spec.ts";
import { samplePlan } from "../testing/sample-collection.ts";
import { toolContext } from "../testing/tool-context.ts";
import { researchTopic } from "./research-topic.ts";

test("a report is a plan with the most it can cost, and begins as a collection of one item", async () => {
  const started: CollectionSpec[] = [];
  const bySource = [{ source: "research" as const, service: "tavily", mode: "live" as const, items: 1, mostUsd: 2 }];
  const collections = {
    plan: () => samplePlan({ items: 1, mostUsd: 2, bySource, needsApproval: true }),
    start: async ({ spec }: { spec: CollectionSpec }) => {
      started.push(spec);
      return "c1";
    },
  };
  const context = toolContext({ collections });
  const input = researchTopic.input.parse({ question: "Who?" });
  const plan = await researchTopic.plan(input, context);
  expect(plan).toMatchObject({ risk: "medium", summary: expect.stringContaining("2 USD") });
  expect(await researchTopic.apply(input, plan, context)).toMatchObject({
    source: { service: "tavily", mode: "live" },
  });
  expect(started[0]?.sources).toEqual([{ source: "research", queries: ["Who?"], model: "mini" }]);
});
