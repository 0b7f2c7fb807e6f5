import { sql } from "kysely";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { createJobBench, type JobBench } from "../testing/job-bench.ts";
import type { VirtualClock } from "../testing/virtual-clock.ts";
import type { JobRun, Jobs } from "./jobs.ts";

let bench: JobBench;
let clock: VirtualClock;
beforeEach(() => {
  bench = createJobBench(Date.UTC(2026, 0, 5, 9, 0, 30));
  clock = bench.clock;
});
afterEach(() => bench.close());

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const add = (jobs: Jobs, kind: string, input: unknown = null) => jobs.enqueue({ kind, input, idempotencyKey: "1" });

test("a retryable error is tried again with growing pauses, five times in all", async () => {
  const jobs = await bench.createWorker({ pollMs: 100 });
  const at: number[] = [];
  jobs.define("failing", async () => {
    at.push(clock.monotonic());
    throw new AppError("upstream", "The vendor is away.", { hint: "Wait." });
  });
  jobs.start();
  const { id } = await add(jobs, "failing");
  await clock.advance(2 * minute);
  const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  expect(pauses).toHaveLength(4);
  for (const [index, pause] of pauses.entries()) {
    expect(pause).toBeGreaterThanOrEqual(500 * 2 ** index);
    expect(pause).toBeLessThanOrEqual(1_000 * 2 ** index + 200);
  }
  const error = { kind: "upstream", message: "The vendor is away.", hint: "Wait." };
  expect(await jobs.get(id)).toMatchObject({ state: "failed", attempt: 5, error });
});

test("a clock set back does not stretch the pause before a retry", async () => {
  const jobs = await bench.createWorker();
  let runs = 0;
  jobs.define("second time", async () => {
    runs += 1;
    if (runs === 1) throw new AppError("rate_limited", "Wait.", { retryAfterMs: 10_000 });
  });
  jobs.start();
  await add(jobs, "second time");
  await clock.advance(2_000);
  clock.jumpWall(-hour);
  await clock.advance(30_000);
  expect(runs).toBe(2);
});

test.each([
  ["an error of the caller", new AppError("invalid_input", "No."), {}, "failed", 1],
  ["a bug, whose text is not shown", new TypeError("password=canary"), {}, "failed", 1],
  ["an open effect outside of steps", new AppError("timeout", "Cut."), { repeatable: false }, "unknown", 1],
  ["a refusal before any effect", new AppError("denied", "No."), { repeatable: false }, "failed", 1],
  ["a budget of two attempts", new AppError("upstream", "Away."), { maxAttempts: 2 }, "failed", 2],
])("%s ends a job for good", async (_name, error, options, state, attempt) => {
  const jobs = await bench.createWorker();
  jobs.define("failing", () => Promise.reject(error), options);
  jobs.start();
  const { id } = await add(jobs, "failing");
  await clock.advance(10 * minute);
  const row = await jobs.get(id);
  expect(row).toMatchObject({ state, attempt });
  expect(JSON.stringify(row)).not.toContain("canary");
});

test("a step that must not run twice ends as unknown on an unclear error, and is free again after a refusal", async () => {
  const jobs = await bench.createWorker();
  const errors = [new AppError("rate_limited", "Wait.", { retryAfterMs: 1 }), new AppError("timeout", "Cut.")];
  let runs = 0;
  jobs.define("pay", async (job) => {
    const pay = () => {
      runs += 1;
      return Promise.reject(errors.shift() ?? new Error("a third time"));
    };
    // A handler that swallows the error does not hide that the effect is open.
    await job.step("pay", pay, { repeatable: false }).catch((error: unknown) => {
      if (errors.length > 0) throw error;
    });
  });
  jobs.start();
  const { id } = await add(jobs, "pay");
  await clock.advance(minute);
  expect(runs).toBe(2);
  expect(await jobs.get(id)).toMatchObject({ state: "unknown", attempt: 2, error: { message: /"pay"/ } });
});

test("a job that outlives its deadline is cut off, even when it ignores the signal", async () => {
  const jobs = await bench.createWorker();
  jobs.define("deaf", () => new Promise(() => {}), { timeoutMs: minute, maxAttempts: 1 });
  jobs.start();
  const { id } = await add(jobs, "deaf");
  await clock.advance(65_000);
  expect((await jobs.get(id))?.state).toBe("running");
  await clock.advance(10_000);
  expect(await jobs.get(id)).toMatchObject({ state: "failed", error: { kind: "timeout" } });
});

test("a job is not started before its time, and a long one keeps its lease whatever the wall clock does", async () => {
  const [first, second] = [await bench.createWorker(), await bench.createWorker()];
  const runs: string[] = [];
  const define = (jobs: Jobs, name: string) =>
    jobs.define("long", async ({ signal }: JobRun<null>) => {
      runs.push(name);
      await clock.sleep(5 * minute, signal);
      return name;
    });
  define(first, "first");
  define(second, "second");
  first.start();
  const { id } = await first.enqueue({ kind: "long", input: null, idempotencyKey: "1", runAt: clock.now() + 10_000 });
  await clock.advance(9_000);
  expect(runs).toEqual([]);
  await clock.advance(3_000);
  second.start();
  for (const jumpMs of [day, -day - hour, hour]) {
    clock.jumpWall(jumpMs);
    await clock.advance(minute);
  }
  await clock.advance(3 * minute);
  expect(runs).toEqual(["first"]);
  expect(await second.get(id)).toMatchObject({ state: "succeeded", result: "first", attempt: 1 });
});

test("a store that fails is told once a minute, not at every look, and the loop goes on when it is back", async () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  let away = false;
  const fail = () => Promise.reject(new AppError("unavailable", "Away."));
  const wrap = (store: Store<CoreTables>): Store<CoreTables> => ({
    ...store,
    transaction: (work) => (away ? fail() : store.transaction(work)),
    get db() {
      if (away) throw new AppError("unavailable", "Away.");
      return store.db;
    },
  });
  const jobs = await bench.createWorker({ wrap, log });
  jobs.define("work", () => Promise.resolve("done"));
  const { id } = await add(jobs, "work");
  away = true;
  jobs.start();
  await clock.advance(150_000);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(
    Array.from({ length: 3 }, () => "The job journal could not be read or written; trying again."),
  );
  away = false;
  await clock.advance(5_000);
  expect(await jobs.get(id)).toMatchObject({ state: "succeeded", result: "done" });
  expect(lines.at(-1)).toContain("The job journal works again.");
});

test("a worker cut off from the store stops its job before another may take it over", async () => {
  let away = false;
  const jobs = await bench.createWorker({
    wrap: (store) => ({
      ...store,
      transaction: (work) => (away ? Promise.reject(new AppError("unavailable", "Away.")) : store.transaction(work)),
    }),
  });
  const reasons: unknown[] = [];
  jobs.define(
    "work",
    ({ signal }: JobRun<null>) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason as Error);
        });
      }),
  );
  jobs.start();
  const { id } = await add(jobs, "work");
  await clock.advance(2_000);
  away = true;
  await clock.advance(7_000);
  expect(reasons).toEqual([]);
  // Two thirds of the lease of 15 s: nobody else can have it yet.
  await clock.advance(2_000);
  expect(reasons).toEqual([expect.objectContaining({ kind: "unavailable", retryable: false })]);
  away = false;
  await clock.advance(20_000);
  expect(await jobs.get(id)).toMatchObject({ state: "running", attempt: 2 });
});

test("progress is kept while the job runs", async () => {
  const jobs = await bench.createWorker();
  jobs.define("slow", async ({ progress, signal }: JobRun<null>) => {
    for (let done = 1; done <= 10; done += 1) {
      progress({ done, total: 10 });
      await clock.sleep(1_000, signal);
    }
  });
  jobs.start();
  const { id } = await add(jobs, "slow");
  await clock.advance(5_000);
  const seen = (await jobs.get(id))?.progress;
  expect(seen?.done).toBeGreaterThanOrEqual(3);
  expect(seen?.total).toBe(10);
});

test("the queue is bounded and the input too", async () => {
  const jobs = await bench.createWorker();
  await add(jobs, "k");
  await expect(jobs.enqueue({ kind: "k", input: "x".repeat(1_000_001), idempotencyKey: "2" })).rejects.toMatchObject({
    kind: "invalid_input",
  });
  const columns = sql.raw(
    "kind, input, input_hash, state, attempt, run_at, lease_beat, fencing_token, abort_requested, created_at, updated_at",
  );
  await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
    insert into jobs (id, idempotency_key, ${columns}) select 'c' || i, 'c' || i, ${columns} from jobs, n`.execute(
    bench.stores[0]?.db as Store<CoreTables>["db"],
  );
  await expect(jobs.enqueue({ kind: "k", input: 0, idempotencyKey: "2" })).rejects.toMatchObject({
    kind: "unavailable",
  });
  // What exists is still found.
  expect(await add(jobs, "k")).toMatchObject({ existed: true });
});

test("long jobs leave one place free for the others, and wait for each other", async () => {
  const jobs = await bench.createWorker({ pollMs: 100 });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  jobs.define(
    "long",
    ({ input }) => {
      begun.push(`long ${String(input)}`);
      return new Promise<void>((resolve) => ends.push(resolve));
    },
    { isLong: true },
  );
  jobs.define("short", async () => void begun.push("short"));
  jobs.start();
  const enqueue = (kind: string, key: string) => jobs.enqueue({ kind, input: key, idempotencyKey: key });
  for (const key of ["1", "2", "3", "4"]) await enqueue("long", key);
  await clock.advance(1_000);
  await enqueue("short", "5");
  await clock.advance(1_000);
  // Which of those that were enqueued in one moment come first is not promised.
  expect(begun.map((name) => name.split(" ")[0])).toEqual(["long", "long", "long", "short"]);
  ends[0]?.();
  await clock.advance(1_000);
  expect(new Set(begun)).toEqual(new Set(["long 1", "long 2", "long 3", "long 4", "short"]));
  for (const end of ends) end();
});
