import { expect, test } from "vitest";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { createBreaker, type Breaker, type BreakerOutcome } from "./breaker.ts";

function call(breaker: Breaker, outcome: BreakerOutcome, times = 1): number {
  let letThrough = 0;
  for (let index = 0; index < times; index++) {
    const report = breaker.enter();
    if (report) letThrough++;
    report?.(outcome);
  }
  return letThrough;
}

test("opens at half failures of at least 20 calls, not before", () => {
  const breaker = createBreaker({ clock: createVirtualClock() });
  call(breaker, "failure", 19);
  expect(breaker.state).toBe("closed");
  call(breaker, "failure");
  expect(breaker.state).toBe("open");
  expect(breaker.enter()).toBeUndefined();

  const mixed = createBreaker({ clock: createVirtualClock() });
  call(mixed, "success", 51);
  call(mixed, "failure", 49);
  expect(mixed.state).toBe("closed");
  call(mixed, "failure", 2);
  expect(mixed.state).toBe("open");
});

test("answers that say no count as success, ignored calls not at all", () => {
  const breaker = createBreaker({ clock: createVirtualClock() });
  call(breaker, "ignored", 1_000);
  call(breaker, "failure", 19);
  expect(breaker.state).toBe("closed");
});

test("forgets what is older than the window even when calls are rare", async () => {
  const clock = createVirtualClock();
  const breaker = createBreaker({ clock });
  // One failure every 5 s is never 20 in 30 s; a window that moves a step per call would open here.
  for (let index = 0; index < 100; index++) {
    call(breaker, "failure");
    await clock.advance(5_000);
  }
  expect(breaker.state).toBe("closed");
});

test("lets three probes through, closes when all succeed, and stays open longer each time one fails", async () => {
  const clock = createVirtualClock();
  const breaker = createBreaker({ clock });
  call(breaker, "failure", 20);
  const openTimesMs: number[] = [];
  for (let round = 0; round < 5; round++) {
    openTimesMs.push(breaker.retryAfterMs);
    await clock.advance(breaker.retryAfterMs);
    expect(breaker.state).toBe("half_open");
    call(breaker, "failure");
    expect(breaker.state).toBe("open");
  }
  expect(openTimesMs).toEqual([5_000, 10_000, 20_000, 30_000, 30_000]);
  await clock.advance(30_000);
  const probes = [breaker.enter(), breaker.enter(), breaker.enter()];
  expect(breaker.enter()).toBeUndefined();
  probes[0]?.("success");
  probes[1]?.("success");
  expect(breaker.state).toBe("half_open");
  probes[2]?.("success");
  expect(breaker.state).toBe("closed");
});

test("a cancelled probe gives its place to the next call", async () => {
  const clock = createVirtualClock();
  const breaker = createBreaker({ clock });
  call(breaker, "failure", 20);
  await clock.advance(5_000);
  expect(call(breaker, "ignored", 10)).toBe(10);
  expect(breaker.state).toBe("half_open");
});

test("probes that take long do not keep everybody else out: after the open time more are let through", async () => {
  const clock = createVirtualClock();
  const breaker = createBreaker({ clock });
  call(breaker, "failure", 20);
  await clock.advance(5_000);
  const streams = [breaker.enter(), breaker.enter(), breaker.enter()];
  expect(breaker.enter()).toBeUndefined();
  await clock.advance(5_000);
  expect(call(breaker, "success", 2)).toBe(2);
  expect(breaker.state).toBe("half_open");
  streams[0]?.("success");
  expect(breaker.state).toBe("closed");
});

test("calls from before the opening change nothing afterwards", async () => {
  const clock = createVirtualClock();
  const breaker = createBreaker({ clock });
  const late = breaker.enter();
  call(breaker, "failure", 20);
  late?.("success");
  expect(breaker.state).toBe("open");
});

test("fault 44: a clock set back an hour does not keep it open", async () => {
  const clock = createVirtualClock();
  const breaker = createBreaker({ clock });
  call(breaker, "failure", 20);
  clock.jumpWall(-3_600_000);
  await clock.advance(5_000);
  expect(breaker.state).toBe("half_open");
});

test("fault 40: with half of the calls failing it does not flap more than once in 10 s", async () => {
  const clock = createVirtualClock();
  const breaker = createBreaker({ clock });
  let openings = 0;
  let state = breaker.state;
  for (let step = 0; step < 6_000; step++) {
    call(breaker, step % 2 === 0 ? "failure" : "success");
    if (state === "closed" && breaker.state === "open") openings++;
    state = breaker.state;
    await clock.advance(10);
  }
  expect(openings).toBeLessThanOrEqual(6);
});
