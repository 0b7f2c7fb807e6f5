import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("fault 45: a sleep longer than Node's longest timer does not end at once", async () => {
  const dayMs = 86_400_000;
  let isAwake = false;
  const sleep = systemClock.sleep(60 * dayMs).then(() => {
    isAwake = true;
  });
  await vi.advanceTimersByTimeAsync(59 * dayMs);
  expect(isAwake).toBe(false);
  await vi.advanceTimersByTimeAsync(dayMs);
  await sleep;
});

test("an aborted sleep ends with the signal's reason and leaves no timer", async () => {
  const controller = new AbortController();
  const sleep = systemClock.sleep(1_000, controller.signal);
  controller.abort(new Error("enough"));
  await expect(sleep).rejects.toThrow("enough");
  await expect(systemClock.sleep(1_000, controller.signal)).rejects.toThrow("enough");
  expect(vi.getTimerCount()).toBe(0);
});
