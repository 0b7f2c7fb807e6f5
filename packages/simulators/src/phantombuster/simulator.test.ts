import { expect, test } from "vitest";
import { type PhantombusterSimulatorOptions, startPhantombusterSimulator } from "./simulator.ts";

async function open(options: PhantombusterSimulatorOptions = {}) {
  let now = Date.UTC(2026, 10, 27);
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  const simulator = await startPhantombusterSimulator({ clock, apiKey: "k", ...options });
  const headers = { "x-phantombuster-key": "k" };
  const get = async (path: string) => (await fetch(simulator.url + path, { headers })).json();
  const launch = async (agent: number) => {
    const body = JSON.stringify({ id: String(7_000_000_000_000_000 + agent) });
    const answer = await fetch(`${simulator.url}/agents/launch`, { method: "POST", headers, body });
    return [answer.status, await answer.text()] as const;
  };
  return { simulator, get, launch, leap: (ms: number) => (now += ms) };
}

test("runs fill the plan's slots, and give them back", async () => {
  const { simulator, launch, leap } = await open();
  expect((await launch(1))[0]).toBe(200);
  expect((await launch(2))[0]).toBe(200);
  expect(await launch(3)).toEqual([400, '{"status":"error","error":"VENDOR TEXT: No agent slot is free"}']);
  leap(600_000);
  expect((await launch(3))[0]).toBe(200);
  await simulator.close();
});

test("runs use up the execution time, of which there is an end", async () => {
  const { simulator, launch, leap, get } = await open({ plan: { dailyExecutionTimeMs: 1_000 } });
  expect(await get("/orgs/fetch-resources")).toMatchObject({ dailyExecutionTime: 0 });
  await launch(1);
  leap(600_000);
  expect((await launch(1))[1]).toContain("No execution time is left");
  const { dailyExecutionTime } = (await get("/orgs/fetch-resources")) as { dailyExecutionTime: number };
  expect(dailyExecutionTime).toBeGreaterThan(1_000);
  await simulator.close();
});

test("the same seed gives runs of the same length", async () => {
  const lengths = [];
  for (let round = 0; round < 2; round++) {
    const { simulator, launch, get, leap } = await open({ seed: 9 });
    const { containerId } = JSON.parse((await launch(1))[1]) as { containerId: string };
    leap(600_000);
    lengths.push(((await get(`/containers/fetch?id=${containerId}`)) as { endedAt: number }).endedAt);
    await simulator.close();
  }
  expect(lengths[0]).toBe(lengths[1]);
});
