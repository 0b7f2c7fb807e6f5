import { expect, test } from "vitest";
import type { CollectionSpec } from "../collections/collection-spec.ts";
import type { CollectionPlan } from "../collections/collections.ts";
import { samplePlan, sampleReport } from "../testing/sample-collection.ts";
import { toolContext } from "../testing/tool-context.ts";
import { collect } from "./collect.ts";

const sources = [{ source: "pages", urls: ["https://example.com/"] }];

function run(input: object, plan: Partial<CollectionPlan> = {}) {
  const started: { spec: CollectionSpec; caller: string }[] = [];
  const collections = {
    plan: () => samplePlan(plan),
    start: async (request: (typeof started)[number]) => {
      started.push(request);
      return "c1";
    },
    report: async () => sampleReport(),
    wait: async () => {},
  };
  return { started, answer: collect.run(collect.input.parse(input), toolContext({ collections })) };
}

test("starts, waits, and tells how far each source is, simulated as soon as any of it is", async () => {
  const { answer, started } = run({ sources });
  const output = collect.output.parse(await answer);
  expect(started).toMatchObject([{ spec: { budgetUsd: 1, deadlineMinutes: 60 } }]);
  expect(output).toMatchObject({
    collection: {
      collectionId: "c1",
      state: "running",
      documents: 4,
      bySource: [
        { source: "pages", states: { done: 1, waiting: 1 } },
        { source: "tavily", states: { unknown: 1, started: 1 } },
      ],
    },
    source: { service: "sophia", mode: "simulated", costUsd: 0.008 },
  });
});

test("a dry run begins nothing, and what needs approval is refused with the way to get it", async () => {
  const dry = run({ sources, dryRun: true });
  expect(await dry.answer).toMatchObject({ plan: { mostUsd: 0.016 } });
  const dear = run({ sources }, { needsApproval: true, mostUsd: 5 });
  await expect(dear.answer).rejects.toMatchObject({
    kind: "approval_required",
    hint: expect.stringContaining("run_collection"),
  });
  expect([dry.started, dear.started]).toEqual([[], []]);
});

test.each([
  [{ sources: [{ source: "pages", urls: ["file:///etc/passwd"] }] }],
  [{ sources: [{ source: "pages", urls: ["https://example.com/"], queries: ["x"] }] }],
  [{ sources: [{ source: "phantombuster", agentId: "x", inputs: [{}] }] }],
  [{ sources: [{ source: "tavily" }] }],
])("refuses %j and says what does not fit", async (input) => {
  const { answer, started } = run(input);
  await expect(answer).rejects.toMatchObject({ kind: "invalid_input", message: expect.stringContaining("sources.0") });
  expect(started).toEqual([]);
  expect(collect.input.safeParse({ sources: [{ source: "news" }] }).success).toBe(false);
});
