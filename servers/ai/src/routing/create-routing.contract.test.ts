import { systemClock } from "@sophia/core/limits/clock";
import { type RouteTables, routeMigrations } from "@sophia/core/routing/route-tables";
import { startEngine, type StoreEngine, silentLog } from "@sophia/core/testing/store-engines";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRouting } from "./create-routing.ts";

let engine: StoreEngine | undefined;
beforeAll(async () => {
  engine = await startEngine("sqlite");
});
afterAll(() => engine?.stop());

test("what was learned before a restart decides after it", async () => {
  const place = await engine!.createPlace();
  const store = await engine!.open<RouteTables>(place, [routeMigrations]);
  const first = createRouting({ store, clock: systemClock, log: silentLog });
  const scores = [
    { model: "vendor/small", score: 1 },
    { model: "vendor/large", score: 1 },
  ];
  for (let index = 0; index < 40; index += 1) {
    await first.learner.learnComparison({ id: `c${index}`, category: "plain", scores });
  }
  await first.learner.close();

  const second = createRouting({ store, clock: systemClock, log: silentLog });
  const candidate = (model: string, usd: number) => ({
    id: model,
    endpointId: "e",
    service: "s",
    mode: "live" as const,
    model,
    family: model,
    supports: {},
    dataPolicy: "any" as const,
    price: { inputUsdPerMillion: usd, outputUsdPerMillion: usd, known: true, asOf: "2026-01-01" },
  });
  const request = {
    caller: "c",
    category: "plain",
    expected: { inputTokens: 10, outputTokens: 10 },
    needs: { tools: false, json: false, vision: false },
    now: Date.now(),
  };
  const decide = () => second.router.route(request, [candidate("large", 10), candidate("small", 1)], { dryRun: true });
  for (let wait = 0; wait < 100 && decide().policy === "default"; wait += 1) await delay(50);
  expect(decide()).toMatchObject({ policy: "quality", targets: [{ model: "small" }, { model: "large" }] });
  await second.learner.close();
});
