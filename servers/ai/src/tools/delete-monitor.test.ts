import { expect, test } from "vitest";
import { openDesk } from "../testing/open-desk.ts";
import { deleteMonitor } from "./delete-monitor.ts";
import { listMonitors } from "./list-monitors.ts";

test("a deletion is high risk, happens on apply, and is told by name", async () => {
  const context = openDesk();
  const [first] = (await listMonitors.run({}, context)).monitors;
  const wish = { monitorId: first?.id ?? "" };
  const plan = await deleteMonitor.plan(wish, context);
  expect(plan).toMatchObject({ risk: "high", changes: [{ action: "delete", resource: "Arize monitor Prompt drift" }] });
  expect((await listMonitors.run({}, context)).monitors).toHaveLength(3);
  expect(await deleteMonitor.apply(wish, plan, context)).toMatchObject({ name: "Prompt drift" });
  expect((await listMonitors.run({}, context)).monitors).toHaveLength(2);
  await expect(deleteMonitor.plan(wish, context)).rejects.toThrow("Arize");
});
