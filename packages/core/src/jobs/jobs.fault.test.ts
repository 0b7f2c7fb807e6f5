import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { CoreTables } from "../store/core-tables.ts";
import type { Engine, Store } from "../store/store.ts";
import { startScript } from "../testing/child-script.ts";
import { silentLog, startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import { createJobs, type JobRun, type Jobs } from "./jobs.ts";

const jobsModule = new URL("./jobs.ts", import.meta.url).href;
const enginesModule = new URL("../testing/store-engines.ts", import.meta.url).href;

/**
 * Enqueues and runs one job of three steps with an outside effect each, and kills itself at the given point: before or
 * after the n-th transaction, or right after the n-th effect.
 */
const crashingScript = `
  import { appendFileSync } from "node:fs";
  import { createJobs } from ${JSON.stringify(jobsModule)};
  import { openStoreAt, silentLog } from ${JSON.stringify(enginesModule)};
  const [place, crashAt, repeatable] = process.argv.slice(2).map((text) => JSON.parse(text));
  const real = await openStoreAt(place);
  const die = (point) => { if (point === crashAt) process.kill(process.pid, "SIGKILL"); };
  let transactions = 0;
  const store = { ...real, async transaction(work) {
    const number = (transactions += 1);
    die("before " + number);
    const result = await real.transaction(work);
    die("after " + number);
    return result;
  } };
  const jobs = createJobs({ store, log: silentLog, pollMs: 20, leaseMs: 60_000 });
  let effects = 0;
  jobs.define("three", async (job) => {
    for (const name of ["one", "two", "three"]) {
      await job.step(name, async () => {
        appendFileSync(place.dataDir + "/effects", name + "\\n");
        die("effect " + (effects += 1));
      }, { repeatable });
    }
    return "done";
  });
  await jobs.enqueue({ kind: "three", input: 1, idempotencyKey: "k" });
  console.log("acknowledged");
  jobs.start();
  setInterval(async () => {
    if ((await jobs.list({}))[0]?.state !== "succeeded") return;
    console.log("transactions " + transactions);
    process.exit(0);
  }, 20);
`;

/** Enqueue, claim, start and finish of three steps, outcome. */
const transactionsInAll = 9;
const effects = ["effect 1", "effect 2", "effect 3"];
const transactions = Array.from({ length: transactionsInAll }, (_, index) => [
  `before ${index + 1}`,
  `after ${index + 1}`,
]);
// The journal is the same code on both engines, so PostgreSQL gets the points where engines could differ.
const crashPoints = {
  sqlite: [...transactions.flat(), ...effects],
  postgres: ["after 1", "before 2", "after 2", "effect 2", "before 6", "after 6", "before 9", "after 9"],
};

describe.each<Engine>(["sqlite", "postgres"])("job faults on %s", (engine) => {
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

  async function resume(
    place: StorePlace,
    options: { repeatable: boolean; leaseMs?: number; hold?: Promise<void> },
  ): Promise<Jobs> {
    if (!stores) throw new Error("no store");
    const store = await stores.open<CoreTables>(place);
    const jobs = createJobs({ store, log: silentLog, pollMs: 20, leaseMs: options.leaseMs ?? 60_000 });
    running.push(jobs);
    jobs.define("three", async (job: JobRun<number>) => {
      await options.hold;
      for (const name of ["one", "two", "three"]) {
        const effect = async () => appendFileSync(join(place.dataDir, "effects"), `${name}\n`);
        await job.step(name, effect, { repeatable: options.repeatable });
      }
      return "resumed";
    });
    await jobs.enqueue({ kind: "three", input: 1, idempotencyKey: "k" });
    jobs.start();
    return jobs;
  }

  const onlyJob = async (jobs: Jobs) => {
    const rows = await jobs.list({});
    expect(rows).toHaveLength(1);
    return rows[0];
  };
  const settled = (jobs: Jobs) =>
    expect.poll(async () => (await onlyJob(jobs))?.state, { timeout: 15_000, interval: 20 });

  test("fault 3: the script has exactly the journal points that are tried", async ({ skip }) => {
    skip(!stores, `no ${engine} on this machine`);
    const place = await stores?.createPlace();
    const script = startScript(crashingScript, place, "never", true);
    expect(await script.waitFor("transactions")).toBe(`transactions ${transactionsInAll}`);
    await script.ended;
  });

  test.for(crashPoints[engine])(
    "fault 3: killed %s, the job resumes and no finished step runs again",
    async (point, { skip }) => {
      skip(!stores, `no ${engine} on this machine`);
      const place = (await stores?.createPlace()) as StorePlace;
      const script = startScript(crashingScript, place, point, true);
      expect((await script.ended).signal).toBe("SIGKILL");
      const before = readEffects(place);
      const jobs = await resume(place, { repeatable: true });
      // The dead process is recognised at once; waiting for its lease would take a minute.
      await settled(jobs).toBe("succeeded");
      const effects = readEffects(place);
      expect([...new Set(effects)]).toEqual(["one", "two", "three"]);
      // Only the step that was in flight may have run twice.
      expect(effects.length).toBeLessThanOrEqual(4);
      const inFlight = before.at(-1);
      for (const name of ["one", "two", "three"]) {
        const times = effects.filter((effect) => effect === name).length;
        expect(times).toBeLessThanOrEqual(name === inFlight ? 2 : 1);
      }
    },
  );

  test.for(["effect 2", "before 6"])(
    "fault 27: killed %s of a step that is not repeatable, the outcome is unknown",
    async (point, { skip }) => {
      skip(!stores, `no ${engine} on this machine`);
      const place = (await stores?.createPlace()) as StorePlace;
      const script = startScript(crashingScript, place, point, false);
      expect((await script.ended).signal).toBe("SIGKILL");
      const jobs = await resume(place, { repeatable: false });
      await settled(jobs).toBe("unknown");
      expect(readEffects(place)).toEqual(["one", "two"]);
      expect(await onlyJob(jobs)).toMatchObject({ error: { message: expect.stringContaining('"two"') as string } });
    },
  );

  test("fault 2: killed with 50 enqueues in flight: the same keys again give each effect once", async ({ skip }) => {
    skip(!stores, `no ${engine} on this machine`);
    const place = (await stores?.createPlace()) as StorePlace;
    const script = startScript(manyScript, place);
    await script.waitFor("ack");
    script.kill("SIGKILL");
    await script.ended;
    // The last line may be cut by the kill.
    const acknowledged = script.lines.slice(0, -1).map((line) => line.slice(4));
    const store = await stores?.open<CoreTables>(place);
    const jobs = createJobs({ store: store as Store<CoreTables>, log: silentLog, pollMs: 20, concurrency: 16 });
    running.push(jobs);
    jobs.define("many", async ({ input }) => appendFileSync(join(place.dataDir, "effects"), `${String(input)}\n`));
    const again = await Promise.all(
      keys.map(async (key) => ({ key, ...(await jobs.enqueue({ kind: "many", input: key, idempotencyKey: key })) })),
    );
    const existed = again.filter((job) => job.existed).map((job) => job.key);
    expect(acknowledged.filter((key) => !existed.includes(key))).toEqual([]);
    jobs.start();
    await expect
      .poll(async () => (await jobs.list({ state: "succeeded" })).length, { timeout: 15_000, interval: 20 })
      .toBe(50);
    expect(readEffects(place).toSorted()).toEqual(keys.toSorted());
  });

  test("fault 4: a stopped process loses its lease, and is fenced out when it wakes", async ({ skip }) => {
    skip(!stores, `no ${engine} on this machine`);
    const place = (await stores?.createPlace()) as StorePlace;
    const script = startScript(slowScript, place);
    await script.waitFor("working");
    script.kill("SIGSTOP");
    const hold = Promise.withResolvers<void>();
    const jobs = await resume(place, { repeatable: true, leaseMs: 800, hold: hold.promise });
    await expect.poll(async () => (await onlyJob(jobs))?.attempt, { timeout: 15_000, interval: 20 }).toBe(2);
    // The new owner is still at work: only the fencing token tells the two apart.
    script.kill("SIGCONT");
    expect(await script.waitFor("refused")).toBe("refused unavailable");
    hold.resolve();
    await settled(jobs).toBe("succeeded");
    script.kill("SIGKILL");
    await script.ended;
    expect(await onlyJob(jobs)).toMatchObject({ state: "succeeded", result: "resumed", attempt: 2 });
  });
});

const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);

/** Enqueues 50 jobs at once and says which were acknowledged; runs none. */
const manyScript = `
  import { createJobs } from ${JSON.stringify(jobsModule)};
  import { openStoreAt, silentLog } from ${JSON.stringify(enginesModule)};
  const [place] = process.argv.slice(2).map((text) => JSON.parse(text));
  const jobs = createJobs({ store: await openStoreAt(place), log: silentLog });
  await Promise.all(${JSON.stringify(keys)}.map(async (key) => {
    await jobs.enqueue({ kind: "many", input: key, idempotencyKey: key });
    console.log("ack " + key);
  }));
  setInterval(() => {}, 1_000);
`;

/** Works on step one until it is woken, then tries to journal it. */
const slowScript = `
  import { createJobs } from ${JSON.stringify(jobsModule)};
  import { openStoreAt, silentLog } from ${JSON.stringify(enginesModule)};
  const [place] = process.argv.slice(2).map((text) => JSON.parse(text));
  const jobs = createJobs({ store: await openStoreAt(place), log: silentLog, pollMs: 20, leaseMs: 800 });
  jobs.define("three", async (job) => {
    try {
      await job.step("one", async () => { console.log("working"); await new Promise((resolve) => setTimeout(resolve, 1_000)); });
    } catch (error) {
      console.log("refused " + error.kind);
      throw error;
    }
    console.log("kept");
  });
  await jobs.enqueue({ kind: "three", input: 1, idempotencyKey: "k" });
  jobs.start();
`;

function readEffects(place: StorePlace): string[] {
  const file = join(place.dataDir, "effects");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
}
