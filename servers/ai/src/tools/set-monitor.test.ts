import { expect, test } from "vitest";
import { openDesk } from "../testing/open-desk.ts";
import { listMonitors } from "./list-monitors.ts";
import { setMonitor } from "./set-monitor.ts";

test("planning changes nothing; applying makes the monitor, and then other thresholds for it", async () => {
  const context = openDesk();
  const wish = { category: "drift" as const, name: "New", metric: "psi", threshold: 0.9 };
  const plan = await setMonitor.plan(wish, context);
  expect(plan).toMatchObject({ risk: "medium", changes: [{ action: "create", after: "psi greaterThan 0.9" }] });
  expect((await listMonitors.run({}, context)).monitors).toHaveLength(3);
  const made = await setMonitor.apply(wish, plan, context);
  expect(made).toMatchObject({ name: "New", threshold: 0.9, status: "cleared", source: { mode: "simulated" } });

  const change = { monitorId: made.id, threshold: 0.3 };
  const second = await setMonitor.plan(change, context);
  expect(second.changes).toEqual([
    { action: "update", resource: "Arize monitor New: threshold", before: "0.9", after: "0.3" },
  ]);
  await setMonitor.apply(change, second, context);
  expect((await setMonitor.plan(change, context)).stateVersion).not.toBe(second.stateVersion);
});

test.each([
  [{ name: "x" }, "needs category, name, metric and threshold"],
  [{ category: "drift" as const, name: "x", metric: "accuracy", threshold: 1 }, "cannot watch that metric"],
  [{ monitorId: "TW9uaXRvcjox" }, "Say what to change"],
  [{ monitorId: "none", threshold: 1 }, "Arize"],
])("%j is refused before anybody is asked", async (wish, message) => {
  await expect(setMonitor.plan(wish, openDesk())).rejects.toThrow(message);
});
