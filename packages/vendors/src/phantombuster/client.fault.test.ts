import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { type Clock, systemClock } from "@sophia/core/limits/clock";
import { type PhantombusterSimulator, startPhantombusterSimulator } from "@sophia/simulators/phantombuster/simulator";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPhantombusterClient, type PhantombusterClient } from "./client.ts";
import type { PhantombusterLaunchOutcome } from "./launch.ts";

const apiKey = "simulatedsimulatedsimulatedsimulatedsimulat";
const agentId = "7000000000000001";
const { signal } = new AbortController();
// Look-ups pause for seconds: here they leap over them. Everything else takes its time.
const lookUpPauses = [1_000, 3_000, 8_000];
const clock: Clock = {
  ...systemClock,
  sleep: (ms, stop) => systemClock.sleep(lookUpPauses.includes(ms) ? 1 : ms, stop),
};
let simulator: PhantombusterSimulator;
let client: PhantombusterClient;

function connect(time = clock, key = apiKey): void {
  const log = pino({ level: "silent" });
  client = createPhantombusterClient({ apiKey: new Secret(key), baseUrl: simulator.url, log, clock: time });
}

beforeEach(async () => {
  simulator = await startPhantombusterSimulator({ seed: 2, apiKey });
  connect();
});
afterEach(async () => {
  await client.close();
  await simulator.close();
});

const launches = /^POST .agents.launch$/;

function launch(tag = "fault-launch"): Promise<PhantombusterLaunchOutcome> {
  return client.launch({ agentId, tag, bonusArgument: { search: "energy" } }, signal);
}

function sent(): number {
  return simulator.calls().filter(({ path }) => path === "/agents/launch").length;
}

async function refusal(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error("no AppError was thrown");
  expect(`${error.message} ${error.hint}`).not.toContain("VENDOR TEXT");
  return error;
}

describe("a launch is sent exactly once, and found again", () => {
  test.each([
    ["a 502 after the run began", { kind: "status", status: 502, moment: "after" }],
    ["a 500 after the run began", { kind: "status", status: 500, moment: "after" }],
    ["a connection cut before the answer", { kind: "cut", moment: "after" }],
    ["a connection cut in the answer", { kind: "cut", moment: "half_body" }],
    ["a web page for an answer", { kind: "html", status: 200, moment: "after" }],
    ["a gateway's web page", { kind: "html", status: 502, moment: "after" }],
    ["an answer that names no container", { kind: "empty_launch" }],
  ] as const)("%s", async (_name, fault) => {
    simulator.faults.set(fault, { route: launches });
    const outcome = await launch();
    const container = await client.findLaunch({ agentId, tag: "fault-launch" }, signal);
    expect(outcome).toEqual({ outcome: "launched", containerId: container?.id });
    expect([sent(), simulator.launchCount()]).toEqual([1, 1]);
  });

  test("an answer that does not come before the deadline", async () => {
    simulator.faults.set({ kind: "slow", delayMs: 60_000 }, { route: launches });
    await client.close();
    connect({ ...clock, sleep: (ms, stop) => clock.sleep(ms === 30_000 ? 300 : ms, stop) });
    expect(await launch()).toMatchObject({ outcome: "launched" });
    expect([sent(), simulator.launchCount()]).toEqual([1, 1]);
  });

  test("even while the list fails at first", async () => {
    simulator.faults.set({ kind: "cut", moment: "after" }, { route: launches });
    simulator.faults.set({ kind: "status", status: 503 }, { route: /containers.fetch-all/, times: 2 });
    expect(await launch()).toMatchObject({ outcome: "launched" });
    expect(sent()).toBe(1);
  });
});

test.each([
  ["a 502", { kind: "status", status: 502 }],
  ["a cut connection", { kind: "cut" }],
] as const)("that nothing began under %s cannot be known: it is said, and not sent again", async (_name, fault) => {
  simulator.faults.set(fault, { route: launches });
  expect(await launch("fault-unknown")).toEqual({ outcome: "unknown", tag: "fault-unknown" });
  expect([sent(), simulator.launchCount()]).toEqual([1, 0]);
});

test("an agent that runs is not launched beside itself", async () => {
  await launch("fault-first");
  expect(await refusal(launch("fault-second"))).toMatchObject({ kind: "invalid_input", status: 400 });
  expect([sent(), simulator.launchCount()]).toEqual([2, 1]);
  expect(await client.findLaunch({ agentId, tag: "fault-second" }, signal)).toBeUndefined();
});

test.each([
  [{ kind: "launch_error" }, { status: "launch error", isEnded: true, isSuccess: false }],
  [
    { kind: "run_ends", endType: "finished", exitCode: 1 },
    { status: "finished", isSuccess: false },
  ],
  [
    { kind: "run_ends", endType: "agent timeout", exitCode: 0 },
    { status: "finished", isSuccess: false },
  ],
] as const)("a run that ends with %j is no success", async (fault, expected) => {
  await simulator.close();
  simulator = await startPhantombusterSimulator({ apiKey, latency: { scale: 0 } });
  await client.close();
  connect();
  simulator.faults.set(fault, { route: launches });
  const outcome = await launch();
  const id = outcome.outcome === "launched" ? outcome.containerId : "";
  expect(await client.getContainer(id, signal)).toMatchObject(expected);
  expect(await client.getResult(id, signal)).toBeNull();
});

test("half a result is a bad reply, and a read is tried again after a 502", async () => {
  await simulator.close();
  simulator = await startPhantombusterSimulator({ apiKey, latency: { scale: 0 } });
  await client.close();
  connect();
  const outcome = await launch();
  const id = outcome.outcome === "launched" ? outcome.containerId : "";
  simulator.faults.set({ kind: "broken_result" });
  expect(await refusal(client.getResult(id, signal))).toMatchObject({ reason: "bad_reply" });
  simulator.faults.set({ kind: "status", status: 502 });
  expect(await client.getResult(id, signal)).toHaveLength(5);
});

test("a wrong key is told, and an unknown container", async () => {
  expect(await refusal(client.getContainer("1", signal))).toMatchObject({ kind: "not_found" });
  await client.close();
  connect(clock, "another");
  expect(await refusal(client.getResources(signal))).toMatchObject({ kind: "not_configured", status: 401 });
});
