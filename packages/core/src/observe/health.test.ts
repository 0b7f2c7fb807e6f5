import { describe, expect, it } from "vitest";
import { AppError } from "../errors/app-error.ts";
import { systemClock } from "../limits/clock.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { createHealth, type HealthCheck } from "./health.ts";

function check(name: string, required: boolean, answer: HealthCheck["check"]): HealthCheck {
  return { name, required, check: answer };
}

const good = () => Promise.resolve({ ok: true, detail: "fine" });
const bad = () => Promise.resolve({ ok: false, detail: "no" });

describe("createHealth", () => {
  it("asks nobody whether it is alive", async () => {
    const health = createHealth({ checks: [check("store", true, bad)], clock: systemClock, server: "ai" });
    expect(await health["/livez"]()).toMatchObject({ ok: true, body: { status: "ok", server: "ai", checks: [] } });
  });

  it("is ready when the required checks pass, and says how everything is", async () => {
    const checks = [check("store", true, good), check("redis", false, bad)];
    const health = createHealth({ checks, clock: systemClock, server: "ai" });
    expect(await health["/readyz"]()).toMatchObject({ ok: true, body: { status: "ok", checks: [{ name: "store" }] } });
    expect(await health["/healthz"]()).toMatchObject({
      ok: true,
      body: { status: "degraded", checks: [{ ok: true }, { name: "redis", ok: false, detail: "no" }] },
    });
    const down = createHealth({ checks: [check("store", true, bad)], clock: systemClock, server: "ai" });
    expect(await down["/readyz"]()).toMatchObject({ ok: false, body: { status: "unavailable" } });
  });

  it("ends a check that hangs at its deadline and tells it to stop", async () => {
    let signal: AbortSignal | undefined;
    const hanging = check("warehouse", true, (given) => {
      signal = given;
      return new Promise(() => {});
    });
    const health = createHealth({ checks: [hanging], clock: systemClock, server: "bi", deadlineMs: 20 });
    const report = await health["/readyz"]();
    expect(report).toMatchObject({ ok: false, body: { checks: [{ detail: "no answer within 20 ms" }] } });
    expect(signal?.aborted).toBe(true);
  });

  it("shows our own words of a failure and nothing of a stranger's", async () => {
    const checks = [
      check("ours", false, () => Promise.reject(new AppError("unavailable", "The store is busy."))),
      check("theirs", false, () => Promise.reject(new Error("postgres://u:password@host"))),
      check("thrown", false, () => {
        throw new Error("password");
      }),
    ];
    const { body } = await createHealth({ checks, clock: systemClock, server: "ai" })["/healthz"]();
    expect(body.checks.map((result) => result.detail)).toEqual([
      "The store is busy.",
      "the check failed",
      "the check failed",
    ]);
  });

  it("runs the checks once a second however often it is asked", async () => {
    const clock = createVirtualClock();
    let runs = 0;
    const counting = check("store", true, () => {
      runs += 1;
      return good();
    });
    const health = createHealth({ checks: [counting], clock, server: "ai" });
    await Promise.all(Array.from({ length: 500 }, () => health["/readyz"]()));
    await clock.advance(999);
    await health["/readyz"]();
    expect(runs).toBe(1);
    await clock.advance(1);
    await health["/readyz"]();
    expect(runs).toBe(2);
  });
});
