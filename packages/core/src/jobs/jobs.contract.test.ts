import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Engine } from "../store/store.ts";
import { silentLog, startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import { createJobs, type Jobs } from "./jobs.ts";

const fast = { pollMs: 20, leaseMs: 600 };

describe.each<Engine>(["sqlite", "postgres"])("jobs on %s", (engine) => {
  let stores: StoreEngine | undefined;
  const running: Jobs[] = [];
  beforeAll(async () => {
    stores = await startEngine(engine);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((jobs) => jobs.stop(0)));
    await stores?.closeStores();
  });
  afterAll(() => stores?.stop());

  interface Bench {
    place: StorePlace;
    /** Another worker on the same store, with its own connections. */
    createWorker(concurrency?: number): Promise<Jobs>;
  }

  const withJobs =
    (work: (bench: Bench) => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!stores, `no ${engine} on this machine`);
      const engines = stores;
      if (!engines) return;
      const place = await engines.createPlace();
      await work({
        place,
        async createWorker(concurrency = 4) {
          const store = await engines.open<CoreTables>(place);
          const jobs = createJobs({ store, log: silentLog, concurrency, ...fast });
          running.push(jobs);
          return jobs;
        },
      });
    };
  const stateOf = (jobs: Jobs, id: string) => expect.poll(async () => (await jobs.get(id))?.state, { timeout: 10_000 });

  test(
    "the same key and input give the same job, another input is refused",
    withJobs(async ({ createWorker }) => {
      const jobs = await createWorker();
      const job = { kind: "k", input: { a: 1, b: [2, { c: 3, d: 4 }] }, idempotencyKey: "one", caller: "me" };
      const first = await jobs.enqueue(job);
      expect(first.existed).toBe(false);
      const reordered = { ...job, input: { b: [2, { d: 4, c: 3 }], a: 1 } };
      expect(await jobs.enqueue(reordered)).toEqual({ id: first.id, existed: true });
      await expect(jobs.enqueue({ ...job, input: { a: 2 } })).rejects.toMatchObject({ kind: "invalid_input" });
      const together = await Promise.all(
        Array.from({ length: 10 }, () => jobs.enqueue({ ...job, idempotencyKey: "two" })),
      );
      expect(new Set(together.map(({ id }) => id)).size).toBe(1);
      expect(together.filter(({ existed }) => !existed)).toHaveLength(1);
      expect(await jobs.get(first.id)).toMatchObject({ state: "queued", input: job.input, caller: "me", attempt: 0 });
      expect(await jobs.list({ kind: "k", state: "queued", caller: "me" })).toHaveLength(2);
      expect(await jobs.get("nothing")).toBeUndefined();
    }),
  );

  test(
    "two workers share 40 jobs, each job runs once, never more than three at a time each",
    withJobs(async ({ createWorker }) => {
      const runs: string[] = [];
      let most = 0;
      for (let worker = 0; worker < 2; worker += 1) {
        const jobs = await createWorker(3);
        let active = 0;
        jobs.define<{ index: number }>("count", async ({ input, id }) => {
          active += 1;
          most = Math.max(most, active);
          await new Promise((resolve) => setTimeout(resolve, 5));
          runs.push(id);
          active -= 1;
          return input.index;
        });
      }
      const [first, second] = running;
      const add = async (index: number) =>
        await first?.enqueue({ kind: "count", input: { index }, idempotencyKey: `${index}` });
      await Promise.all(Array.from({ length: 40 }, (_, index) => add(index)));
      first?.start();
      second?.start();
      const done = async () => (await first?.list({ state: "succeeded" }))?.length;
      await expect.poll(done, { timeout: 15_000 }).toBe(40);
      expect(new Set(runs).size).toBe(40);
      expect(runs).toHaveLength(40);
      expect(most).toBeLessThanOrEqual(3);
      expect((await first?.list({ limit: 1 }))?.[0]).toMatchObject({
        state: "succeeded",
        attempt: 1,
        error: undefined,
      });
    }),
  );

  test(
    "a retry keeps the results of finished steps and the progress",
    withJobs(async ({ createWorker }) => {
      const jobs = await createWorker();
      const ran: string[] = [];
      jobs.define("steps", async (job) => {
        const first = await job.step("first", async () => {
          ran.push("first");
          return { value: 20, text: "ü\0\uD83D" };
        });
        job.progress({ done: job.attempt, total: 2, message: "half" });
        const second = await job.step("second", async () => {
          ran.push("second");
          if (job.attempt === 1) throw new AppError("upstream", "Not now.", { retryAfterMs: 1 });
          return first.value + 1;
        });
        await job.step("nothing", async () => {});
        return { second, text: first.text };
      });
      jobs.start();
      const { id } = await jobs.enqueue({ kind: "steps", input: null, idempotencyKey: "1" });
      await stateOf(jobs, id).toBe("succeeded");
      expect(ran).toEqual(["first", "second", "second"]);
      expect(await jobs.get(id)).toMatchObject({
        attempt: 2,
        result: { second: 21, text: "ü\0\uD83D" },
        progress: { done: 2, total: 2, message: "half" },
      });
    }),
  );

  test(
    "an abort ends a waiting job at once and a running one through its signal, also from another process",
    withJobs(async ({ createWorker }) => {
      const worker = await createWorker();
      const other = await createWorker();
      worker.define(
        "wait",
        ({ signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          }),
      );
      const later = await worker.enqueue({
        kind: "wait",
        input: 0,
        idempotencyKey: "later",
        runAt: Date.now() + 60_000,
      });
      await worker.abort(later.id);
      expect(await worker.get(later.id)).toMatchObject({ state: "aborted", attempt: 0 });
      worker.start();
      for (const [index, aborter] of [worker, other].entries()) {
        const { id } = await worker.enqueue({ kind: "wait", input: index, idempotencyKey: `${index}` });
        await stateOf(worker, id).toBe("running");
        await aborter.abort(id);
        await stateOf(worker, id).toBe("aborted");
        await aborter.abort(id);
      }
      await expect(worker.abort("nothing")).rejects.toMatchObject({ kind: "not_found" });
    }),
  );

  test(
    "a shutdown hands back what does not end in time, and that costs no attempt",
    withJobs(async ({ createWorker }) => {
      const first = await createWorker();
      const ends = Promise.withResolvers<string>();
      first.define("quick", () => ends.promise);
      first.define(
        "endless",
        ({ signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          }),
      );
      first.start();
      const quick = await first.enqueue({ kind: "quick", input: 0, idempotencyKey: "q" });
      const endless = await first.enqueue({ kind: "endless", input: 0, idempotencyKey: "e" });
      await stateOf(first, quick.id).toBe("running");
      await stateOf(first, endless.id).toBe("running");
      setTimeout(() => ends.resolve("done"), 50);
      await first.stop(300);
      expect(await first.get(quick.id)).toMatchObject({ state: "succeeded", result: "done" });
      expect(await first.get(endless.id)).toMatchObject({ state: "queued", attempt: 0 });
      const second = await createWorker();
      second.define("endless", async () => "after all");
      second.start();
      await stateOf(second, endless.id).toBe("succeeded");
    }),
  );

  test(
    "two workers fire a schedule once per time",
    withJobs(async ({ createWorker }) => {
      for (const worker of [await createWorker(), await createWorker()]) {
        worker.define("tick", async () => {});
        await worker.schedule({ name: "each second", cron: "* * * * * *", kind: "tick", input: { a: 1 } });
        worker.start();
      }
      const [first] = running;
      const ticks = async () => (await first?.list({ kind: "tick" })) ?? [];
      await expect
        .poll(async () => (await ticks()).length, { timeout: 10_000, interval: 100 })
        .toBeGreaterThanOrEqual(3);
      const rows = await ticks();
      expect(new Set(rows.map((row) => row.idempotencyKey)).size).toBe(rows.length);
      const seconds = rows.map((row) => Math.floor(row.createdAt / 1_000));
      expect(new Set(seconds).size).toBe(rows.length);
    }),
  );
});
