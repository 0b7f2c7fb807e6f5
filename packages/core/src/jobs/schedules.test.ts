import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createJobBench, type JobBench } from "../testing/job-bench.ts";
import type { VirtualClock } from "../testing/virtual-clock.ts";
import type { Jobs } from "./jobs.ts";

let bench: JobBench;
let clock: VirtualClock;
beforeEach(() => useBench(Date.UTC(2026, 0, 5, 9, 0, 30)));
afterEach(() => bench.close());

function useBench(startMs: number): void {
  bench = createJobBench(startMs);
  clock = bench.clock;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** A worker with one hourly schedule, and the hours (UTC) at which it ran. */
async function createHourly(): Promise<{ jobs: Jobs; runs: string[] }> {
  const jobs = await bench.createWorker({ pollMs: 30_000 });
  const runs: string[] = [];
  jobs.define("hourly", async () => void runs.push(new Date(clock.now()).toISOString().slice(8, 13)));
  await jobs.schedule({ name: "hourly", cron: "0 * * * *", kind: "hourly", input: null });
  jobs.start();
  return { jobs, runs };
}

test("a schedule runs at its times", async () => {
  const { runs } = await createHourly();
  await clock.advance(3 * hour + minute);
  expect(runs).toEqual(["05T10", "05T11", "05T12"]);
});

test("fault 44: a clock set one day ahead gives one run, not 24, and none is lost when it is set back", async () => {
  const { runs } = await createHourly();
  await clock.advance(hour);
  clock.jumpWall(day);
  await clock.advance(hour);
  expect(runs).toEqual(["05T10", "06T10", "06T11"]);
  clock.jumpWall(-day);
  await clock.advance(3 * hour);
  // 11:00 ran during the jump, late; 12:00 and on run as planned.
  expect(runs.slice(3)).toEqual(["05T12", "05T13", "05T14"]);
});

test("fault 44: a clock set back one hour repeats no time and skips none", async () => {
  const { runs } = await createHourly();
  await clock.advance(2 * hour);
  clock.jumpWall(-hour);
  await clock.advance(3 * hour + minute);
  expect(runs).toEqual(["05T10", "05T11", "05T12", "05T13"]);
});

test("runs missed while nothing was running are made up for by one", async () => {
  const first = await createHourly();
  await clock.advance(hour);
  await bench.stopNow(first.jobs);
  clock.jumpWall(5 * hour);
  const second = await createHourly();
  await clock.advance(hour);
  expect(first.runs).toEqual(["05T10"]);
  expect(second.runs).toEqual(["05T15", "05T16"]);
});

test("a schedule survives a new declaration, and changes with another pattern", async () => {
  const { jobs, runs } = await createHourly();
  await clock.advance(20 * minute);
  await jobs.schedule({ name: "hourly", cron: "0 * * * *", kind: "hourly", input: { changed: true } });
  await clock.advance(20 * minute);
  await jobs.schedule({ name: "hourly", cron: "45 * * * *", kind: "hourly", input: null });
  await clock.advance(hour);
  expect(runs).toEqual(["05T09"]);
  await expect(jobs.schedule({ name: "x", cron: "61 * * * *", kind: "k", input: 0 })).rejects.toMatchObject({
    kind: "invalid_input",
  });
  await expect(jobs.schedule({ name: "x", cron: "0 0 30 2 *", kind: "k", input: 0 })).rejects.toMatchObject({
    kind: "invalid_input",
  });
  const mars = { name: "x", cron: "0 0 * * *", kind: "k", input: 0, timezone: "Mars/Base" };
  await expect(jobs.schedule(mars)).rejects.toMatchObject({ kind: "invalid_input" });
});

test.each([
  // Clocks go back at 06:00 UTC on 1 November: 01:30 happens twice, the job runs once.
  [Date.UTC(2026, 10, 1, 4), "30 1 * * *", ["01T05:30", "02T06:30"]],
  // Clocks go forward at 07:00 UTC on 8 March: 02:30 does not happen, the job runs all the same.
  [Date.UTC(2026, 2, 8, 5), "30 2 * * *", ["08T07:00", "09T06:30"]],
])("daylight saving in New York from %i with %s", async (start, cron, expected) => {
  await bench.close();
  useBench(start);
  const jobs = await bench.createWorker({ pollMs: 30_000 });
  const runs: string[] = [];
  jobs.define("daily", async () => void runs.push(new Date(clock.now()).toISOString().slice(8, 16)));
  await jobs.schedule({ name: "daily", cron, kind: "daily", input: null, timezone: "America/New_York" });
  jobs.start();
  await clock.advance(27 * hour);
  expect(runs).toEqual(expected);
});

test("a schedule that is taken away runs no more, and may be declared anew", async () => {
  const { jobs, runs } = await createHourly();
  await clock.advance(hour);
  await jobs.unschedule("hourly");
  await jobs.unschedule("never declared");
  await clock.advance(3 * hour);
  expect(runs).toEqual(["05T10"]);
  await jobs.schedule({ name: "hourly", cron: "0 * * * *", kind: "hourly", input: null });
  await clock.advance(hour);
  expect(runs).toEqual(["05T10", "05T14"]);
});

test("a far schedule fires neither at once nor twice", async () => {
  const jobs = await bench.createWorker({ pollMs: 30_000 });
  let runs = 0;
  jobs.define("yearly", async () => void (runs += 1));
  await jobs.schedule({ name: "yearly", cron: "0 0 1 12 *", kind: "yearly", input: null });
  jobs.start();
  await clock.advance(10 * minute);
  expect(runs).toBe(0);
  clock.jumpWall(360 * day);
  await clock.advance(10 * minute);
  expect(runs).toBe(1);
});

test("a schedule whose last run still waits adds no second one", async () => {
  const jobs = await bench.createWorker({ pollMs: 30_000 });
  await jobs.schedule({ name: "often", cron: "* * * * *", kind: "nobody runs this", input: null });
  jobs.start();
  await clock.advance(hour);
  expect(await jobs.list({})).toHaveLength(1);
});

test("a schedule that has ended, or that another version wrote, does not keep the other jobs from running", async () => {
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(line) });
  const jobs = await bench.createWorker({ pollMs: 30_000, log });
  const runs: string[] = [];
  for (const kind of ["bad", "last", "more"]) jobs.define(kind, async () => void runs.push(kind));
  await jobs.schedule({ name: "bad pattern", cron: "* * * * *", kind: "bad", input: null });
  await jobs.schedule({ name: "bad input", cron: "* * * * *", kind: "bad", input: null });
  const last = { name: "last", cron: "0 0 10 5 1 * 2026", kind: "last", input: null };
  await jobs.schedule(last);
  await jobs.schedule({ name: "more", cron: "30 * * * *", kind: "more", input: null });
  const schedules = () => bench.stores[0]!.db.updateTable("schedules");
  await schedules().set({ cron: "every full moon" }).where("name", "=", "bad pattern").execute();
  await schedules().set({ input: "<xml/>" }).where("name", "=", "bad input").execute();
  jobs.start();
  await clock.advance(2 * hour);
  expect(runs).toEqual(["more", "last", "more"]);
  const toldOf = lines.map((line) => (JSON.parse(line) as { schedule: string }).schedule);
  expect(toldOf.toSorted()).toEqual(["bad input", "bad pattern"]);
  // What a server declares at each start may have ended meanwhile.
  await jobs.schedule(last);
  await clock.advance(hour);
  expect(runs).toEqual(["more", "last", "more", "more"]);
});
