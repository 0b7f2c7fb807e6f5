import { expect, test } from "vitest";
import { type Client, paced, sdkClient, simulate, slotVendor, windowVendor } from "../testing/simulate-limits.ts";
import { createVirtualClock } from "../testing/virtual-clock.ts";

const thousandAMinute = { requests: 1_000, perMs: 60_000 };

test("1,000 a minute: an SDK with back-off is rejected and loses jobs", async () => {
  const clock = createVirtualClock();
  const report = await simulate(clock, windowVendor(clock, 1_000), 6_000, 20, sdkClient(clock));
  expect(report.rejectedShare).toBeGreaterThan(0.2);
  expect(report.failed).toBeGreaterThan(200);
});

test("1,000 a minute: GCRA at 90 % is rejected 0 % and does at least 900 a minute (reference 0 %, 911)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { rate: thousandAMinute });
  const report = await simulate(clock, windowVendor(clock, 1_000), 6_000, 40, client);
  expect(report).toMatchObject({ rejectedShare: 0, failed: 0 });
  expect(6_000 / report.minutes).toBeGreaterThan(900);
});

test("1,000 a minute: GCRA at 97 % with a burst of 2 % is rejected 0 % and does at least 960 (reference 0 %, 969)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { rate: { ...thousandAMinute, capacityFraction: 0.97, burst: 20 } });
  const report = await simulate(clock, windowVendor(clock, 1_000), 6_000, 40, client);
  expect(report).toMatchObject({ rejectedShare: 0, failed: 0 });
  expect(6_000 / report.minutes).toBeGreaterThan(960);
});

test("another user of the key leaves us 500: the gate keeps rejections at a few, no job is lost (reference 0.17 %, 545)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { rate: thousandAMinute });
  const report = await simulate(clock, windowVendor(clock, 500), 3_000, 40, client);
  expect(report.failed).toBe(0);
  expect(report.rejectedShare).toBeLessThan(0.005);
  expect(3_000 / report.minutes).toBeGreaterThan(400);
});

test("20 slots that become 10: an SDK at 20 in flight is rejected and loses jobs", async () => {
  const clock = createVirtualClock();
  const report = await simulate(clock, slotVendor(clock), 1_500, 20, sdkClient(clock));
  expect(report.rejectedShare).toBeGreaterThan(0.5);
  expect(report.failed).toBeGreaterThan(150);
});

test("20 slots that become 10: AIMD under a published cap loses none and is near the ideal 12 min (reference 2.6 %, 16.7 min)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { concurrency: { concurrent: 20 } });
  const withoutHeader: Client = (vendor, tally) => client(async () => ({ ok: (await vendor()).ok }), tally);
  const report = await simulate(clock, slotVendor(clock), 1_500, 40, withoutHeader);
  expect(report.failed).toBe(0);
  expect(report.rejectedShare).toBeLessThan(0.026);
  expect(report.minutes).toBeLessThan(12.5);
});

test("20 slots that become 10: AIMD under the reported cap reaches the ideal 12 min (reference 3.2 %, 13.5 min)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { concurrency: { concurrent: 20 } });
  const report = await simulate(clock, slotVendor(clock), 1_500, 40, client);
  expect(report.failed).toBe(0);
  expect(report.rejectedShare).toBeLessThan(0.01);
  expect(report.minutes).toBeLessThan(12.2);
});
