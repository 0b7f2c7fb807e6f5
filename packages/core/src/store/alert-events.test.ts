import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startEngine, type StoreEngine } from "../testing/store-engines.ts";
import { type AlertEvents, createAlertEvents } from "./alert-events.ts";

describe("alert events", () => {
  let engine: StoreEngine | undefined;
  let alerts: AlertEvents;
  const event = { server: "ai", kind: "drift", severity: "warning" as const, title: "T", detail: "D" };

  beforeAll(async () => {
    engine = await startEngine("sqlite");
  });
  afterAll(() => engine?.stop());
  beforeEach(async (context) => {
    if (!engine) return context.skip();
    alerts = createAlertEvents({ store: await engine.open(await engine.createPlace()) });
  });

  test("the same occurrence is told once", async () => {
    const first = await alerts.write({ ...event, at: 1, key: "k1" });
    expect(await alerts.write({ ...event, at: 2, key: "k1" })).toEqual({ id: first.id, existed: true });
    expect(await alerts.list({})).toMatchObject([{ id: first.id, at: 1, state: "open" }]);
  });

  test("states go forward only, and are filtered by", async () => {
    const { id } = await alerts.write({ ...event, at: 1, key: "k1" });
    await alerts.write({ ...event, at: 2, key: "k2" });
    const person = { by: "ann", at: 5 };
    expect(await alerts.setState(id, { state: "acknowledged", ...person })).toBe(true);
    expect(await alerts.setState(id, { state: "acknowledged", ...person })).toBe(false);
    expect(await alerts.list({ states: ["acknowledged"] })).toMatchObject([{ id, stateBy: "ann", stateAt: 5 }]);
    expect(await alerts.setState(id, { state: "resolved", by: "check", at: 9 })).toBe(true);
    expect(await alerts.setState(id, { state: "acknowledged", ...person })).toBe(false);
    expect(await alerts.setState("none", { state: "resolved", ...person })).toBe(false);
    expect(await alerts.list({ states: ["open", "acknowledged"] })).toMatchObject([{ key: "k2" }]);
  });
});
