import type { Http } from "@sophia/core/http/http";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import { toRun } from "./run.ts";
import { RunFields } from "./schemas.ts";
import { settleCost, waitForRun } from "./wait-for-run.ts";

const { signal } = new AbortController();
const startedAt = "2026-11-27T10:00:00.000Z";
const wire = {
  id: "run-1",
  actId: "actor-1",
  status: "RUNNING",
  startedAt,
  defaultDatasetId: "d",
  defaultKeyValueStoreId: "k",
  defaultRequestQueueId: "q",
};
const fields = RunFields.parse(wire);

/** Answers each poll after `answerMs(waitForFinish)`; final once `endsAt` (monotonic) has come. */
function createWorld(options: { endsAt: number; answerMs(seconds: number): number }) {
  const clock = createVirtualClock(Date.parse(startedAt));
  const polls: number[] = [];
  const request = async ({ query }: { query: { waitForFinish?: number } }) => {
    const seconds = query.waitForFinish ?? 0;
    polls.push(seconds);
    await clock.sleep(options.answerMs(seconds));
    const isOver = clock.monotonic() >= options.endsAt;
    return { data: { data: { ...fields, status: isOver ? "TIMED-OUT" : "RUNNING", usageTotalUsd: 0.5 } } };
  };
  return { clock, polls, http: { request } as unknown as Http };
}

test("a long wait is made of polls of a minute at most, and its last one ends with it", async () => {
  const { clock, polls, http } = createWorld({ endsAt: Infinity, answerMs: (seconds) => seconds * 1_000 });
  const waited = waitForRun(http, clock, { id: "run-1", waitMs: 150_000, signal });
  await clock.advance(160_000);
  expect((await waited).isFinal).toBe(false);
  expect(polls).toEqual([60, 60, 30]);
});

test("a vendor that answers long polls at once is asked once a second, not in a storm", async () => {
  const { clock, polls, http } = createWorld({ endsAt: 5_000, answerMs: () => 1 });
  const waited = waitForRun(http, clock, { id: "run-1", waitMs: 55_000, signal });
  await clock.advance(10_000);
  expect(await waited).toMatchObject({ isFinal: true, status: "TIMED-OUT" });
  expect(polls.length).toBeLessThanOrEqual(6);
});

test.each([
  ["right after the end", 0, 10_000],
  ["long after it", 3_600_000, 0],
  ["with a clock that is an hour behind", -3_600_000, 10_000],
])("the cost is read when it is settled: %s", async (_name, offMs, waitMs) => {
  const { clock, http } = createWorld({ endsAt: 0, answerMs: () => 0 });
  const run = toRun({ ...fields, status: "SUCCEEDED", finishedAt: clock.now() });
  clock.jumpWall(offMs);
  let cost: unknown;
  const settled = settleCost(http, clock, { run, signal }).then((value) => (cost = value));
  if (waitMs > 0) await clock.advance(waitMs - 1);
  expect(cost).toBeUndefined();
  await clock.advance(2);
  await settled;
  expect(cost).toEqual({ costUsd: 0.5, kind: "actual" });
});

test("a status that is not known yet counts as running", () => {
  expect(toRun(RunFields.parse({ ...wire, status: "MIGRATING" }))).toMatchObject({ status: "RUNNING", isFinal: false });
});
