import { expect, test } from "vitest";
import { systemClock } from "./clock.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { createCallerLimiter } from "./caller-limiter.ts";

test("tells a caller over its rate how long to wait", async () => {
  const clock = createVirtualClock();
  const rate = { requests: 10, perMs: 1_000, capacityFraction: 1, burst: 2 };
  const limiter = createCallerLimiter({ clock, rate });
  expect([limiter.take("ann/search"), limiter.take("ann/search")]).toEqual([0, 0]);
  expect(limiter.take("ann/search")).toBe(100);
  expect(limiter.take("bob/search")).toBe(0);
  await clock.advance(100);
  expect(limiter.take("ann/search")).toBe(0);
});

test("fault 61: one client that hogs leaves the other nine at least 80 % of their rate", async () => {
  const clock = createVirtualClock();
  const rate = { requests: 10, perMs: 1_000, capacityFraction: 1, burst: 10 };
  const limiter = createCallerLimiter({ clock, rate, maxInFlight: 40 });
  const served = new Map<string, number>();
  const running: Promise<void>[] = [];
  async function call(caller: string): Promise<void> {
    if (limiter.take(`${caller}/query`) > 0) return;
    const leave = limiter.enter(caller);
    if (!leave) return;
    served.set(caller, (served.get(caller) ?? 0) + 1);
    await clock.sleep(200);
    leave();
  }
  // The hog sends 1,000 calls a second, the others 10.
  for (let tick = 0; tick < 1_000; tick++) {
    running.push(call("hog"));
    if (tick % 100 === 0) for (let client = 0; client < 9; client++) running.push(call(`client ${client}`));
    await clock.advance(10);
  }
  await clock.advance(1_000);
  await Promise.all(running);
  for (let client = 0; client < 9; client++) expect(served.get(`client ${client}`)).toBeGreaterThanOrEqual(8);
  expect(served.get("hog")).toBeLessThanOrEqual(110);
  expect(limiter.inFlight).toBe(0);
});

test("a caller alone gets half of the places, and one is left for each newcomer", () => {
  const limiter = createCallerLimiter({ clock: createVirtualClock(), maxInFlight: 8 });
  const held = Array.from({ length: 10 }, () => limiter.enter("ann")).filter((leave) => leave !== undefined);
  expect(held).toHaveLength(4);
  expect(limiter.enter("bob")).toBeDefined();
  expect(limiter.enter("cid")).toBeDefined();
  // A second call of the same ending frees nothing twice.
  held[0]?.();
  held[0]?.();
  expect(limiter.inFlight).toBe(5);
});

test("costs less than a microsecond of CPU per call with 1,000 keys", () => {
  const limiter = createCallerLimiter({ clock: systemClock });
  const keys = Array.from({ length: 1_000 }, (_, index) => `caller ${index}/tool`);
  const runs = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    for (let round = 0; round < 100; round++) for (const key of keys) limiter.take(key);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 100_000;
  });
  expect(Math.min(...runs)).toBeLessThan(1);
});
