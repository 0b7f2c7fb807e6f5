import { expect, test } from "vitest";
import { CollectionSpec } from "../collections/collection-spec.ts";
import type { CollectionPlan } from "../collections/collections.ts";
import { samplePlan } from "../testing/sample-collection.ts";
import { toolContext } from "../testing/tool-context.ts";
import { setSchedule } from "./set-schedule.ts";

const input = setSchedule.input.parse({
  sources: [{ source: "pages", urls: ["https://example.com/"] }],
  cron: "0 7 * * 1",
});

function open(plan: Partial<CollectionPlan> = {}) {
  const told: unknown[] = [];
  const spec = CollectionSpec.parse({ sources: input.sources });
  const known = { id: "s1", name: "n", cron: "0 7 * * 1", timezone: null, nextRunAt: 0, lastRunAt: null, spec };
  const schedules = {
    find: async () => known,
    create: async (request: unknown) => {
      told.push(request);
      return "s1";
    },
    remove: async (id: string) => void told.push(`remove ${id}`),
  };
  return { told, context: toolContext({ schedules, collections: { plan: () => samplePlan(plan) } }) };
}

test("what is free is of low risk; what goes on costing needs somebody's approval", async () => {
  const { context, told } = open({ mostUsd: 0 });
  const plan = await setSchedule.plan(input, context);
  expect(plan.risk).toBe("low");
  expect((await setSchedule.plan(input, open({ mostUsd: 0.01 }).context)).risk).toBe("medium");
  expect(await setSchedule.apply(input, plan, context)).toMatchObject({ scheduleId: "s1", state: "scheduled" });
  expect(told).toMatchObject([{ cron: "0 7 * * 1", caller: "caller-1", spec: { sources: [{ source: "pages" }] } }]);
});

test("ends one, and says what a new one needs", async () => {
  const { context, told } = open();
  const removal = setSchedule.input.parse({ removeId: "s1" });
  const plan = await setSchedule.plan(removal, context);
  await setSchedule.apply(removal, plan, context);
  expect(told).toEqual(["remove s1"]);
  await expect(setSchedule.plan(setSchedule.input.parse({ cron: "0 7 * * 1" }), context)).rejects.toMatchObject({
    kind: "invalid_input",
  });
});
