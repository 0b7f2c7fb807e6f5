import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import { createCrawlPause } from "./crawl-pause.ts";

test("turns keep the delay of the site, hosts do not wait for each other", async () => {
  const clock = createVirtualClock();
  const pause = createCrawlPause(clock);
  const { signal } = new AbortController();
  const turns: [string, number][] = [];
  const ask = (name: string, host: string) =>
    pause.wait(host, 5_000, signal).then(() => turns.push([name, clock.monotonic()]));
  const all = [ask("a", "one"), ask("b", "one"), ask("c", "one"), ask("d", "two")];
  await clock.advance(20_000);
  await Promise.all(all);
  expect(turns).toEqual([
    ["a", 0],
    ["d", 0],
    ["b", 5_000],
    ["c", 10_000],
  ]);
});

test("a wait beyond fifteen seconds is handed back, a cancelled one ends", async () => {
  const clock = createVirtualClock();
  const pause = createCrawlPause(clock);
  const { signal } = new AbortController();
  await pause.wait("slow", 60_000, signal);
  await expect(pause.wait("slow", 60_000, signal)).rejects.toMatchObject({
    kind: "rate_limited",
    retryAfterMs: 60_000,
  });
  await pause.wait("other", 5_000, signal);
  const controller = new AbortController();
  const waiting = pause.wait("other", 5_000, controller.signal);
  controller.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  expect(clock.sleeping).toBe(0);
});
