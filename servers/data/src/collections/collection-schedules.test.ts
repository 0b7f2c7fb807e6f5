import { systemClock } from "@sophia/core/limits/clock";
import { startEngine } from "@sophia/core/testing/store-engines";
import { expect, onTestFinished, test } from "vitest";
import { CollectionSpec } from "./collection-spec.ts";
import { openCollectionWorld } from "./testing/collection-world.ts";

test("makes its collection at its time, leaves out a time while one is at work, and is the caller's own", async () => {
  const engines = await startEngine("sqlite");
  if (!engines) throw new Error("no SQLite");
  const place = await engines.createPlace();
  const world = await openCollectionWorld({ place, clock: systemClock, addresses: {} });
  onTestFinished(async () => {
    await world.close();
    await engines.stop();
  });
  const { store, jobs, collections, schedules } = world;
  const spec = CollectionSpec.parse({ name: "news", sources: [{ source: "pages", urls: ["https://example.com/"] }] });
  const id = await schedules.create({ spec, cron: "0 7 * * 1", timezone: "Europe/Berlin", caller: "ann" });
  expect(await schedules.list("ann")).toMatchObject([{ id, cron: "0 7 * * 1", timezone: "Europe/Berlin" }]);
  expect(await schedules.list("bob")).toEqual([]);
  const isDue = async (at: number) => await store.db.updateTable("schedules").set({ next_run_at: at }).execute();
  await isDue(1);
  jobs.start();
  await expect.poll(async () => (await collections.list("ann", 5)).map(({ state }) => state)).toEqual(["done"]);
  await store.db.updateTable("data_collections").set({ state: "paused" }).execute();
  await isDue(2);
  const scheduled = async () => await jobs.list({ kind: "data.scheduled_collection", state: "succeeded" });
  await expect.poll(async () => (await scheduled()).length).toBe(2);
  expect(await collections.list("ann", 5)).toHaveLength(1);
  await expect(schedules.remove(id, "bob")).rejects.toMatchObject({ kind: "not_found" });
  await schedules.remove(id, "ann");
  expect(await schedules.list("ann")).toEqual([]);
  const wrong = schedules.create({ spec, cron: "every day", caller: "ann" });
  await expect(wrong).rejects.toMatchObject({ kind: "invalid_input" });
});
