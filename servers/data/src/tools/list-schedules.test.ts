import { expect, test } from "vitest";
import { CollectionSpec } from "../collections/collection-spec.ts";
import { samplePlan } from "../testing/sample-collection.ts";
import { toolContext } from "../testing/tool-context.ts";
import { listSchedules } from "./list-schedules.ts";

test("tells the next time and what each costs, also where a source is gone", async () => {
  const spec = CollectionSpec.parse({ sources: [{ source: "pages", urls: ["https://example.com/"] }] });
  const schedule = { id: "s1", name: "n", cron: "0 7 * * 1", timezone: null, nextRunAt: 0, lastRunAt: null, spec };
  const run = async (plan: () => ReturnType<typeof samplePlan>) => {
    const services = { schedules: { list: async () => [schedule] }, collections: { plan } };
    return listSchedules.output.parse(await listSchedules.run({}, toolContext(services))).schedules[0];
  };
  expect(await run(() => samplePlan())).toMatchObject({ scheduleId: "s1", items: 4, mostUsd: 0.016 });
  const gone = (): never => {
    throw new Error("not set up");
  };
  expect(await run(gone)).toMatchObject({ items: null, nextRunAt: "1970-01-01T00:00:00.000Z" });
});
