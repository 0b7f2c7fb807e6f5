import { expect, test } from "vitest";
import { samplePlan } from "../testing/sample-collection.ts";
import { toolContext } from "../testing/tool-context.ts";
import { runCollection } from "./run-collection.ts";

const input = runCollection.input.parse({
  sources: [{ source: "phantombuster", agentId: "7000000000000001", inputs: [{}] }],
});

function open(needsApproval: boolean) {
  const started: unknown[] = [];
  const agent = { source: "phantombuster" as const, service: "phantombuster", mode: "live" as const };
  const bySource = [{ ...agent, items: 1, mostUsd: 0 }];
  const collections = {
    plan: () => samplePlan({ items: 1, mostUsd: 0, bySource, needsApproval }),
    start: async (request: unknown) => {
      started.push(request);
      return "c1";
    },
  };
  return { started, context: toolContext({ collections }) };
}

test("what acts as a person is planned for somebody else's approval, and begins with it", async () => {
  const { context, started } = open(true);
  const plan = await runCollection.plan(input, context);
  expect(plan).toMatchObject({ risk: "medium", blastRadius: expect.stringContaining("person") });
  expect(started).toEqual([]);
  expect(await runCollection.apply(input, plan, context)).toMatchObject({ collectionId: "c1" });
  expect(started).toMatchObject([{ spec: { sources: [{ agentId: "7000000000000001", inputs: [{}] }] } }]);
  expect(await runCollection.plan(input, open(false).context)).toMatchObject({ risk: "low" });
});
