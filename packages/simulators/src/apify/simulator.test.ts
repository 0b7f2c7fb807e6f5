import { afterEach, expect, test } from "vitest";
import { type ApifySimulator, type ApifySimulatorOptions, startApifySimulator } from "./simulator.ts";
import type { SimulatorClock } from "./simulator-clock.ts";

const opened: ApifySimulator[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((simulator) => simulator.close()));
});

async function open(options: ApifySimulatorOptions = {}): Promise<ApifySimulator> {
  const simulator = await startApifySimulator(options);
  opened.push(simulator);
  return simulator;
}

interface Run {
  id: string;
  status: string;
  usageTotalUsd: number;
  defaultDatasetId: string;
}

/** Time that a test moves; a sleep ends when the time has come. */
function createClock(): SimulatorClock & { advance(ms: number): void } {
  let now = Date.UTC(2026, 10, 27);
  let sleepers: { at: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms) => new Promise((wake) => sleepers.push({ at: now + ms, wake })),
    advance(ms) {
      now += ms;
      for (const { wake } of sleepers.filter(({ at }) => at <= now)) wake();
      sleepers = sleepers.filter(({ at }) => at > now);
    },
  };
}

async function start({ url }: ApifySimulator, actor: string, input: object, query = ""): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return await fetch(`${url}/actors/${actor}/runs${query}`, { method: "POST", headers, body: JSON.stringify(input) });
}

async function readRun(answer: Response | Promise<Response>): Promise<Run> {
  return ((await (await answer).json()) as { data: Run }).data;
}

async function getRun({ url }: ApifySimulator, id: string, query = ""): Promise<Run> {
  return await readRun(fetch(`${url}/actor-runs/${id}${query}`));
}

const archive = "simulated~press-archive";

test("a run takes its time, fills its dataset as it goes, and is billed in full ten seconds after its end", async () => {
  const clock = createClock();
  const simulator = await open({ clock, latency: { medianMs: 15_000, sigma: 0 } });
  const run = await readRun(start(simulator, archive, { maxItems: 10 }));
  expect(run.status).toBe("READY");
  clock.advance(7_600);
  expect((await getRun(simulator, run.id)).status).toBe("RUNNING");
  const items = async (): Promise<unknown[]> =>
    (await (await fetch(`${simulator.url}/datasets/${run.defaultDatasetId}/items`)).json()) as unknown[];
  expect(await items()).toHaveLength(5);
  const waited = getRun(simulator, run.id, "?waitForFinish=60");
  await expect.poll(() => simulator.calls().at(-1)?.query).toBe("?waitForFinish=60");
  await new Promise((resolve) => setTimeout(resolve, 20));
  clock.advance(7_400);
  const ended = await waited;
  expect(ended.status).toBe("SUCCEEDED");
  expect(await items()).toHaveLength(10);
  expect(ended.usageTotalUsd).toBeLessThan(0.02);
  clock.advance(10_000);
  expect((await getRun(simulator, run.id)).usageTotalUsd).toBeCloseTo(0.02);
});

test("the same seed gives the same ids and times, and two simulators share nothing", async () => {
  const [one, same, other] = [await open({ seed: 7 }), await open({ seed: 7 }), await open({ seed: 8 })];
  const ids = await Promise.all([one, same, other].map(async (each) => (await readRun(start(each, archive, {}))).id));
  expect(ids[0]).toBe(ids[1]);
  expect(ids[0]).not.toBe(ids[2]);
  expect([one.runCount(), same.runCount()]).toEqual([1, 1]);
  expect((await fetch(`${other.url}/actor-runs/${ids[0]}`)).status).toBe(404);
});

test("over the published rate of one resource it says 429, of that resource alone", async () => {
  const clock = createClock();
  const simulator = await open({ clock, rateDivisor: 20 });
  const ask = async (path: string): Promise<number> => (await fetch(`${simulator.url}${path}`)).status;
  const statuses = [];
  for (let call = 0; call < 5; call += 1) statuses.push(await ask("/users/me/limits"));
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  expect(await ask("/datasets")).toBe(200);
  clock.advance(1_000);
  expect(await ask("/users/me/limits")).toBe(200);
});

test.each([
  ["", "{", 400, "run-input-body-not-valid-json"],
  ["?memory=100", "{}", 400, "invalid-value"],
  ["?maxItems=0", "{}", 400, "max-items-must-be-greater-than-zero"],
  ["?timeout=abc", "{}", 400, "invalid-parameter"],
])("refuses a start with %s %s as the vendor does", async (query, body, status, type) => {
  const simulator = await open();
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${simulator.url}/actors/${archive}/runs${query}`, { method: "POST", headers, body });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ error: { type } });
  expect(simulator.runCount()).toBe(0);
});

test("asks for its key, except in the public store", async () => {
  const simulator = await open({ apiKey: "key" });
  expect((await fetch(`${simulator.url}/users/me/limits`)).status).toBe(401);
  expect((await fetch(`${simulator.url}/store`)).status).toBe(200);
});
