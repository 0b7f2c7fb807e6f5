import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { startPortkeySimulator } from "@sophia/simulators/portkey/simulator";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createProviderLogs } from "../accounts/provider-logs.ts";
import { createToolContext } from "../testing/tool-context.ts";
import { exportProviderLog } from "./export-provider-log.ts";

const apiKey = "c2ltdWxhdGVkLXBvcnRrZXkta2V5";
const log = pino({ level: "silent" });
const clock = systemClock;
const run = (services: object, input: object, scopes: ("read" | "write")[] = ["read", "write"]) =>
  exportProviderLog.run(
    exportProviderLog.input.parse(input),
    createToolContext(services as Parameters<typeof exportProviderLog.run>[1]["services"], scopes),
  );

test("waits for Portkey's file and gives its address, or the id to ask again with", async () => {
  const simulator = await startPortkeySimulator({ apiKey });
  const place = { service: "portkey", mode: "simulated" as const, models: [], apiKey: new Secret(apiKey) };
  const providerLogs = createProviderLogs({ endpoints: [{ ...place, baseUrl: simulator.url }], log, clock, pollMs: 5 });
  const output = await run({ providerLogs, clock }, {});
  expect(output).toMatchObject({ state: "success", rows: 0, source: { service: "portkey", mode: "simulated" } });
  expect((await fetch(output.address ?? "")).status).toBe(200);
  const again = await run({ providerLogs, clock }, { exportId: output.exportId });
  expect(again).toMatchObject({ exportId: output.exportId, state: "success" });
  await expect(run({ providerLogs, clock }, { exportId: "none" })).rejects.toMatchObject({ kind: "not_found" });
  await expect(run({ providerLogs, clock }, {}, ["read"])).rejects.toMatchObject({ kind: "denied" });
  await providerLogs.close();
  await simulator.close();
});

test("says how to get one where no gateway is in use", async () => {
  const providerLogs = createProviderLogs({ endpoints: [], log, clock });
  await expect(run({ providerLogs, clock }, {})).rejects.toMatchObject({
    kind: "not_configured",
    hint: expect.stringContaining("PORTKEY_API_KEY"),
  });
});
