import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type Recorder, startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { type PhantombusterSimulator, startPhantombusterSimulator } from "@sophia/simulators/phantombuster/simulator";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPhantombusterClient, type PhantombusterClient } from "./client.ts";
import { phantombusterCorrections } from "./testing/corrections.ts";

const apiKey = "simulatedsimulatedsimulatedsimulatedsimulat";
const { signal } = new AbortController();
const base = Date.UTC(2026, 10, 27);
let now = base;
const leaping = {
  now: () => now,
  monotonic: () => now,
  sleep: (ms: number) => {
    now += ms;
    return Promise.resolve();
  },
};
let simulator: PhantombusterSimulator;
let recorder: Recorder;
let client: PhantombusterClient;
let agentId: string;

beforeAll(async () => {
  simulator = await startPhantombusterSimulator({ seed: 3, apiKey, clock: leaping });
  recorder = await startRecorder(simulator.url);
  client = createPhantombusterClient({
    apiKey: new Secret(apiKey),
    orgId: "42",
    baseUrl: recorder.url,
    log: pino({ level: "silent" }),
    // Time passes by asking: a run of a minute is watched in no time.
    clock: { ...systemClock, monotonic: () => performance.now() + now - base, sleep: watch },
  });
});
afterAll(async () => {
  await client.close();
  await recorder.close();
  await simulator.close();
});

/** Polling pauses leap; deadlines of calls are real. */
async function watch(ms: number, stop?: AbortSignal): Promise<void> {
  if (ms <= 10_000 && ms >= 1_000) now += ms;
  else await systemClock.sleep(ms, stop);
}

test("agents are told without their secrets", async () => {
  const [first] = await client.listAgents(signal);
  agentId = first?.id ?? "";
  expect(first).toMatchObject({ name: "Simulated Profile Posts", runningCount: 0 });
  const agent = await client.getAgent(agentId, signal);
  expect(Object.keys(agent)).toEqual(["id", "name", "script", "launchType", "lastEndType"]);
  expect(JSON.stringify(agent)).not.toContain("SIMULATED-");
  expect(simulator.calls().every(({ orgId }) => orgId === "42")).toBe(true);
});

test("a run is launched, watched, and read", async () => {
  expect(await client.getAgentOutput(agentId, undefined, signal)).toMatchObject({ status: "never launched" });
  const outcome = await client.launch({ agentId, tag: "contract-1", bonusArgument: { search: "energy" } }, signal);
  if (outcome.outcome !== "launched") throw new Error("not launched");
  const id = outcome.containerId;
  expect(await client.getContainer(id, signal)).toMatchObject({ status: "starting", isEnded: false, launchedAt: null });
  expect([await client.getOutput(id, signal), await client.getResult(id, signal)]).toEqual(["", null]);
  expect(await client.waitForContainer(id, { waitMs: 0, signal })).toMatchObject({ isEnded: false });
  now += 20_000;
  const first = await client.getAgentOutput(agentId, undefined, signal);
  expect(first).toMatchObject({ containerId: id, isRunning: true });
  const ended = await client.waitForContainer(id, { waitMs: 900_000, signal });
  expect(ended).toMatchObject({ status: "finished", isSuccess: true, tag: "contract-1" });
  const after = { containerId: id, outputPos: first.outputPos ?? 0, status: first.status };
  const rest = await client.getAgentOutput(agentId, after, signal);
  expect(first.output + rest.output).toBe(await client.getOutput(id, signal));
  expect(rest.output.length).toBeGreaterThan(0);
  expect(await client.getResult(id, signal)).toHaveLength(5);
  const found = await client.findLaunch({ agentId, tag: "contract-1" }, signal);
  expect(found?.id).toBe(id);
});

test("a run that is stopped is finished, and no success", async () => {
  const outcome = await client.launch({ agentId, tag: "contract-2", bonusArgument: {} }, signal);
  await client.stopAgent(agentId, { soft: true, signal });
  const id = outcome.outcome === "launched" ? outcome.containerId : "";
  expect(await client.getContainer(id, signal)).toMatchObject({
    status: "finished",
    endType: "killed",
    isSuccess: false,
  });
  expect(await client.getResult(id, signal)).toBeNull();
  expect((await client.listContainers(agentId, signal)).map(({ tag }) => tag)).toEqual(["contract-2", "contract-1"]);
});

test("the plan tells how many may run at once", async () => {
  const resources = await client.getResources(signal);
  expect(resources).toMatchObject({ parallelism: 2, dailyExecutionTime: { plan: 7_200_000 } });
  expect(resources.dailyResetAt).toBeGreaterThan(now);
});

const file = findSpecification("phantombuster-v2-openapi.json");
test.skipIf(file === undefined)("agrees with the vendor's specification, both ways", () => {
  const specification = loadSpecification(file ?? "", phantombusterCorrections);
  expect(recorder.exchanges().flatMap((exchange) => specification.check(exchange))).toEqual([]);
  expect(specification.seen()).toEqual([
    "GET /agents/fetch",
    "GET /agents/fetch-all",
    "GET /agents/fetch-output",
    "GET /containers/fetch",
    "GET /containers/fetch-all",
    "GET /containers/fetch-output",
    "GET /containers/fetch-result-object",
    "GET /orgs/fetch-resources",
    "POST /agents/launch",
    "POST /agents/stop",
  ]);
});
