import { Secret } from "@sophia/core/config/secret";
import { type Clock, systemClock } from "@sophia/core/limits/clock";
import type { ApifyFault } from "@sophia/simulators/apify/faults";
import {
  type ApifySimulator,
  type ApifySimulatorOptions,
  startApifySimulator,
} from "@sophia/simulators/apify/simulator";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ApifyClient, createApifyClient } from "./client.ts";
import type { ApifyStartOutcome } from "./start-run.ts";

const apiKey = "apify_api_simulatedsimulatedsimulatedsi";
const { signal } = new AbortController();
// Look-ups pause for seconds: here they leap over them. Everything else takes its time.
const lookUpPauses = [1_000, 3_000, 8_000];
const clock: Clock = {
  ...systemClock,
  sleep: (ms, stop) => systemClock.sleep(lookUpPauses.includes(ms) ? 1 : ms, stop),
};
let simulator: ApifySimulator;
let client: ApifyClient;
let tags = 0;

async function open(options: ApifySimulatorOptions = {}): Promise<void> {
  simulator = await startApifySimulator({ seed: 2, apiKey, latency: { scale: 0.01 }, ...options });
  client = createApifyClient({
    apiKey: new Secret(apiKey),
    baseUrl: simulator.url,
    log: pino({ level: "silent" }),
    clock,
  });
}

async function reopen(options: ApifySimulatorOptions): Promise<void> {
  await close();
  await open(options);
}

async function close(): Promise<void> {
  await client.close();
  await simulator.close();
}

beforeEach(() => open());
afterEach(close);

const runs = /^POST .*\/runs$/;
const query = { query: "Energy" };

function start(tag = `fault-run-${++tags}`, abort = signal): Promise<ApifyStartOutcome> {
  const target = { actor: "apify~rag-web-browser" };
  return client.startRun({ target, input: query, tag, timeoutSecs: 600 }, abort);
}

function starts(): number {
  return simulator.calls().filter(({ method, path }) => runs.test(`${method} ${path}`)).length;
}

describe("a start is sent exactly once, and found again", () => {
  test.each([
    ["a 502 after the run began", { kind: "status", status: 502, moment: "after" }],
    ["a 500 after the run began", { kind: "status", status: 500, moment: "after" }],
    ["a 504 after the run began", { kind: "status", status: 504, moment: "after" }],
    ["a 408 after the run began", { kind: "status", status: 408, moment: "after" }],
    ["a connection cut before the answer", { kind: "cut", moment: "after" }],
    ["a connection cut in the answer", { kind: "cut", moment: "half_body" }],
    ["a web page for an answer", { kind: "html", status: 200, moment: "after" }],
    ["a gateway's web page", { kind: "html", status: 502, moment: "after" }],
  ] as const)("%s", async (_name, fault) => {
    simulator.faults.set(fault, { route: runs });
    const outcome = await start("tag-found-again");
    expect(outcome).toMatchObject({ outcome: "started", run: { userAgent: "sophia run/tag-found-again" } });
    expect(starts()).toBe(1);
    expect(simulator.runCount()).toBe(1);
  });

  test("an answer that does not come before the deadline", async () => {
    simulator.faults.set({ kind: "slow", delayMs: 60_000, moment: "after" }, { route: runs });
    await client.close();
    const hasty: Clock = { ...clock, sleep: (ms, stop) => clock.sleep(ms === 30_000 ? 300 : ms, stop) };
    const log = pino({ level: "silent" });
    client = createApifyClient({ apiKey: new Secret(apiKey), baseUrl: simulator.url, log, clock: hasty });
    expect(await start("tag-timeout")).toMatchObject({ outcome: "started" });
    expect(starts()).toBe(1);
  });

  test("even while the list fails at first, and lags", async () => {
    await reopen({ replicaLagMs: 30 });
    simulator.faults.set({ kind: "status", status: 502, moment: "after" }, { route: runs });
    simulator.faults.set({ kind: "status", status: 503 }, { route: /^GET \/actor-runs$/, times: 2 });
    expect(await start()).toMatchObject({ outcome: "started" });
    expect(starts()).toBe(1);
  });

  test("among other runs of the same Actor and the same input", async () => {
    await start("tag-before");
    simulator.faults.set({ kind: "cut", moment: "after" }, { route: runs });
    const outcomes = await Promise.all([start("tag-mine-1"), start("tag-other-2"), start("tag-other-3")]);
    const ids = outcomes.map((each) => (each.outcome === "started" ? each.run.id : "unknown"));
    expect(new Set(ids).size).toBe(3);
    expect(outcomes[0]).toMatchObject({ run: { userAgent: "sophia run/tag-mine-1" } });
    expect(starts()).toBe(4);
  });
});

describe("what cannot be known is said, and never sent again", () => {
  test.each([
    ["the run did not begin", { kind: "status", status: 502 }],
    ["the connection was cut before it began", { kind: "cut" }],
  ] as const)("%s", async (_name, fault) => {
    simulator.faults.set(fault, { route: runs });
    expect(await start("tag-unknown")).toEqual({ outcome: "unknown", tag: "tag-unknown" });
    expect(starts()).toBe(1);
    expect(simulator.runCount()).toBe(0);
    expect(await client.findRun({ tag: "tag-unknown", since: Date.now() }, signal)).toBeUndefined();
  });

  test("the vendor kept nothing of who started it: another's run is not taken for ours", async () => {
    simulator.faults.set({ kind: "no_user_agent" }, { route: runs });
    simulator.faults.set({ kind: "cut", moment: "after" }, { route: runs });
    expect(await start("tag-nameless")).toEqual({ outcome: "unknown", tag: "tag-nameless" });
    expect(simulator.runCount()).toBe(1);
  });

  test("a refusal is a refusal, and nobody at the address is no start at all", async () => {
    simulator.faults.set({ kind: "status", status: 402 }, { route: runs });
    await expect(start()).rejects.toMatchObject({ kind: "budget_exceeded", status: 402 });
    expect(starts()).toBe(1);
    await simulator.close();
    await expect(start()).rejects.toMatchObject({ kind: "upstream", retryable: true });
  });

  test("too many starts at once are held back and sent later, each once", async () => {
    simulator.faults.set({ kind: "status", status: 429, retryAfter: "1" }, { route: runs });
    expect(await start()).toMatchObject({ outcome: "started" });
    simulator.faults.set({ kind: "status", status: 429 }, { route: runs });
    expect(await start()).toMatchObject({ outcome: "started" });
    expect(simulator.runCount()).toBe(2);
  });

  test("a tag that would not be found again is refused before anything is sent", async () => {
    await expect(start("short")).rejects.toMatchObject({ kind: "invalid_input" });
    await expect(start("with a space in it")).rejects.toMatchObject({ kind: "invalid_input" });
    expect(simulator.calls()).toEqual([]);
  });
});

test("a run that the asked copy does not know yet is asked for again", async () => {
  await reopen({ replicaLagMs: 600 });
  const outcome = await start();
  if (outcome.outcome !== "started") throw new Error("the run was not started");
  const run = await client.waitForRun(outcome.run.id, { waitMs: 10_000, signal });
  expect(run.isFinal).toBe(true);
  expect(simulator.calls().filter(({ path }) => path.startsWith("/actor-runs/")).length).toBeGreaterThan(1);
});

test("a wait ends in time with the run as it is, and polls long instead of often", async () => {
  await reopen({ latency: { scale: 10 } });
  const outcome = await start();
  if (outcome.outcome !== "started") throw new Error("the run was not started");
  const askedAt = performance.now();
  const run = await client.waitForRun(outcome.run.id, { waitMs: 1_200, signal });
  expect(run.isFinal).toBe(false);
  expect(performance.now() - askedAt).toBeLessThan(3_000);
  expect(simulator.calls().filter(({ path }) => path.startsWith("/actor-runs/")).length).toBeLessThanOrEqual(3);
});

test.each([
  ["actor-memory-limit-exceeded", "rate_limited"],
  ["concurrent-runs-limit-exceeded", "rate_limited"],
  ["not-enough-usage-to-run-paid-actor", "budget_exceeded"],
  ["full-permission-actor-not-approved", "denied"],
] as const)("a 402 or 403 is told by its type: %s", async (type, kind) => {
  const status = kind === "denied" ? 403 : 402;
  simulator.faults.set({ kind: "status", status, type }, { times: 9 });
  await expect(start()).rejects.toMatchObject({ kind, service: "apify" });
  await expect(start()).rejects.not.toThrow(/VENDOR TEXT/);
});

test("limits of the account stop a start: memory, runs at once, money", async () => {
  await reopen({ limits: { maxActorMemoryGbytes: 4 }, latency: { scale: 100 } });
  await start();
  await expect(start()).rejects.toMatchObject({ kind: "rate_limited", status: 402 });
  await reopen({ limits: { maxConcurrentActorJobs: 1 }, latency: { scale: 100 } });
  await start();
  await expect(start()).rejects.toMatchObject({ kind: "rate_limited" });
  await reopen({ limits: { maxMonthlyUsageUsd: 0 } });
  await expect(start()).rejects.toMatchObject({ kind: "budget_exceeded" });
  expect(simulator.runCount()).toBe(0);
});

test("reads survive what passes: a 503, a cut, a half body", async () => {
  simulator.faults.set({ kind: "status", status: 503 });
  expect(await client.getLimits(signal)).toMatchObject({ maxRuns: 32 });
  await systemClock.sleep(1_100);
  simulator.faults.set({ kind: "cut", moment: "half_body" });
  expect(await client.getLimits(signal)).toMatchObject({ maxRuns: 32 });
  simulator.faults.set({ kind: "html", status: 200 });
  await systemClock.sleep(1_100);
  expect(await client.getLimits(signal)).toMatchObject({ maxRuns: 32 });
});

test("a key that is refused is said so, without the vendor's words", async () => {
  const log = pino({ level: "silent" });
  const stranger = createApifyClient({ apiKey: new Secret("wrong"), baseUrl: simulator.url, log, clock });
  const failed = stranger.getLimits(signal);
  await expect(failed).rejects.toMatchObject({ kind: "not_configured", status: 401 });
  await expect(failed).rejects.not.toThrow(/VENDOR TEXT/);
  await stranger.close();
});

test("the published rates hold, however many ask at once", async () => {
  await Promise.all(Array.from({ length: 150 }, () => client.getLimits(signal)));
  // A machine that stalls sends what it held back in one go.
  expect(simulator.calls().length - 150).toBeLessThanOrEqual(5);
});

test("under any mix of faults no start goes out twice, and what is said to have started did", async () => {
  await reopen({ limits: { maxActorMemoryGbytes: 10_000, maxConcurrentActorJobs: 1_000 } });
  const moments = ["before", "after"] as const;
  const faults = moments.flatMap((moment): ApifyFault[] => [
    { kind: "status", status: 502, moment },
    { kind: "status", status: 503, retryAfter: "0", moment },
    { kind: "cut", moment },
    { kind: "html", status: 200, moment },
    { kind: "html", status: 504, moment },
  ]);
  // One of three fails: an operation that mostly fails is given a rest, and then nothing is sent.
  for (const fault of faults) {
    simulator.faults.set(fault, { route: runs });
    const names = [1, 2, 3].map((number) => `mixed-${faults.indexOf(fault)}-${number}`);
    const outcomes = await Promise.all(names.map((name) => start(name)));
    for (const outcome of outcomes) {
      if (outcome.outcome === "started") expect((await client.getRun(outcome.run.id, signal)).id).toBe(outcome.run.id);
    }
  }
  const sent = simulator.calls().filter(({ method, path }) => runs.test(`${method} ${path}`));
  expect(sent).toHaveLength(30);
  expect(new Set(sent.map(({ userAgent }) => userAgent)).size).toBe(30);
  // Five of the faults come before the run begins.
  expect(simulator.runCount()).toBe(25);
});
