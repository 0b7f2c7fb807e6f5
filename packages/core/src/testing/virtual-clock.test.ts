import { expect, test } from "vitest";
import { createVirtualClock } from "./virtual-clock.ts";

test("wakes sleepers in order of due time, and those added on the way", async () => {
  const clock = createVirtualClock(0);
  const seen: string[] = [];
  async function mark(name: string, ms: number): Promise<void> {
    await clock.sleep(ms);
    seen.push(`${name}@${clock.monotonic()}`);
  }
  const all = [mark("late", 30), mark("early", 10).then(() => mark("chained", 10)), mark("twin", 10)];
  await clock.advance(25);
  expect(seen).toEqual(["early@10", "twin@10", "chained@20"]);
  expect(clock.monotonic()).toBe(25);
  await clock.advance(5);
  await Promise.all(all);
  expect(seen.at(-1)).toBe("late@30");
  expect(clock.sleeping).toBe(0);
});

test("a jump of the wall clock wakes nobody and moves no duration", async () => {
  const clock = createVirtualClock(1_000);
  let woke = false;
  const sleeper = clock.sleep(10).then(() => {
    woke = true;
  });
  clock.jumpWall(86_400_000);
  await clock.advance(9);
  expect(woke).toBe(false);
  expect(clock.now()).toBe(86_401_009);
  await clock.advance(1);
  await sleeper;
});

test("an aborted sleep rejects with the reason and leaves nothing behind", async () => {
  const clock = createVirtualClock();
  const controller = new AbortController();
  const sleeper = clock.sleep(1_000, controller.signal);
  controller.abort(new Error("cancelled by the test"));
  await expect(sleeper).rejects.toThrow("cancelled by the test");
  expect(clock.sleeping).toBe(0);
});
