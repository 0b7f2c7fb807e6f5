import { afterEach, beforeEach, expect, test } from "vitest";
import { jitterOf } from "./blackouts.ts";
import { createRotationBench, firstValue, type RotationBench } from "./testing/rotation-bench.ts";

// The bench begins on Monday, 5 January 2026, 09:00 UTC. Days pass as on a machine that sleeps: only the wall clock moves.
let bench: RotationBench;
beforeEach(async () => {
  bench = await createRotationBench();
});
afterEach(() => bench.close());

const minute = 60_000;
const hour = 60 * minute;
const policy = () => ({ name: "weekly", targets: [bench.target], cron: "0 3 * * 0", jitterMs: hour });
const states = async () => (await bench.rotations.status()).map(({ state }) => state);

async function wakeAt(day: number, time: string): Promise<void> {
  bench.clock.jumpWall(Date.parse(`2026-01-${String(day).padStart(2, "0")}T${time}Z`) - bench.clock.now());
  await bench.clock.advance(5_000);
}

test("a secret is rotated each week at its own moment, by the schedule", async () => {
  await bench.rotations.schedule(policy());
  await wakeAt(11, "02:59:00");
  expect(await states()).toEqual([]);
  await wakeAt(11, "03:00:00");
  expect(await states()).toEqual(["queued"]);
  bench.clock.jumpWall(jitterOf(bench.target, hour) - minute);
  await bench.clock.advance(30_000);
  expect(await states()).toEqual(["queued"]);
  await bench.clock.advance(5 * minute);
  expect(await bench.rotations.status()).toMatchObject([
    { state: "succeeded", trigger: "schedule", actor: "schedule:weekly" },
  ]);
  expect(bench.served()).not.toBe(firstValue);
  expect(await bench.rotations.policies()).toMatchObject([{ name: "weekly", nextRunAt: Date.UTC(2026, 0, 18, 3) }]);
});

test("a moment in a blackout window waits for its end, also when it comes late", async () => {
  await bench.rotations.schedule({ ...policy(), blackouts: [{ days: [0], from: "02:00", to: "12:00" }] });
  await wakeAt(11, "03:00:00");
  await wakeAt(11, "11:59:00");
  expect(await states()).toEqual(["queued"]);
  // The machine sleeps through the afternoon and the week, and wakes in the next window.
  await wakeAt(18, "05:00:00");
  expect(await states()).toEqual(["queued"]);
  await wakeAt(18, "12:00:00");
  await bench.clock.advance(4 * minute);
  expect(await states()).toEqual(["succeeded"]);
});

test("a clock that jumps ahead and back again rotates once for each week", async () => {
  await bench.rotations.schedule(policy());
  await wakeAt(26, "09:00:00");
  bench.clock.jumpWall(hour);
  await bench.clock.advance(4 * minute);
  expect(await states()).toEqual(["succeeded"]);
  await wakeAt(5, "10:00:00");
  await bench.clock.advance(4 * minute);
  expect(await states()).toEqual(["succeeded"]);
  // This Sunday had its rotation while the clock was wrong.
  await wakeAt(11, "05:00:00");
  expect(await states()).toEqual(["succeeded"]);
  await wakeAt(18, "03:00:00");
  bench.clock.jumpWall(hour);
  await bench.clock.advance(4 * minute);
  expect(await states()).toEqual(["succeeded", "succeeded"]);
  expect([...bench.service.valid]).toEqual([bench.served()]);
});

test("a secret that was just rotated by hand is left alone", async () => {
  await bench.rotations.schedule(policy());
  await wakeAt(9, "09:00:00");
  await bench.rotations.start(bench.target, "tok_person");
  await bench.clock.advance(4 * minute);
  await wakeAt(11, "03:00:00");
  await wakeAt(11, "05:00:00");
  expect(await bench.rotations.status()).toMatchObject([{ state: "succeeded", trigger: "person" }]);
});

test("a policy that leaves no time or has no valid pattern is refused", async () => {
  const always = { ...policy(), blackouts: [{ from: "00:00", to: "24:00" }] };
  await expect(bench.rotations.schedule(always)).rejects.toMatchObject({ kind: "invalid_input" });
  const often = { ...policy(), cron: "often" };
  await expect(bench.rotations.schedule(often)).rejects.toMatchObject({ kind: "invalid_input" });
});
