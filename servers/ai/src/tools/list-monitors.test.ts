import { expect, test } from "vitest";
import { openDesk } from "../testing/open-desk.ts";
import { listMonitors } from "./list-monitors.ts";

test("monitors come with metric, threshold and value, and say that they are simulated", async () => {
  const context = openDesk();
  const all = listMonitors.output.parse(await listMonitors.run({}, context));
  expect(all.monitors).toHaveLength(3);
  expect(all.source).toMatchObject({ service: "arize", mode: "simulated" });
  const drift = await listMonitors.run({ category: "drift" }, context);
  expect(drift.monitors).toMatchObject([
    { name: "Prompt drift", metric: "psi", threshold: 0.1, latestValue: expect.any(Number) },
  ]);
});

test("without Arize it says what to set, and what does without", async () => {
  await expect(listMonitors.run({}, openDesk(false))).rejects.toMatchObject({
    kind: "not_configured",
    hint: expect.stringContaining("check_models"),
  });
});
