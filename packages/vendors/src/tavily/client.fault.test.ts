import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import type { TavilyFault } from "@sophia/simulators/tavily/simulator-state";
import {
  startTavilySimulator,
  type TavilySimulator,
  type TavilySimulatorOptions,
} from "@sophia/simulators/tavily/simulator";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { createTavilyClient, type TavilyClient } from "./client.ts";
import { explainFailure } from "./explain-failure.ts";

const apiKey = "tvly-simulatedsimulatedsimulated";
const { signal } = new AbortController();
let simulator: TavilySimulator;
let client: TavilyClient;

async function open(options: TavilySimulatorOptions = {}, key = apiKey): Promise<void> {
  simulator = await startTavilySimulator({ apiKey, latency: { scale: 0.001 }, ...options });
  const log = pino({ level: "silent" });
  client = createTavilyClient({ apiKey: new Secret(key), baseUrl: simulator.url, log, clock: systemClock });
}

afterEach(async () => {
  await client.close();
  await simulator.close();
});

function sent(path: string): number {
  return simulator.calls().filter((call) => call.path === path).length;
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

describe("credits", () => {
  test("a plan that is used up is final: one call, no retry", async () => {
    await open({ plan: { planLimit: 2 } });
    await client.search({ query: "Energy", depth: "advanced" }, signal);
    const error = await refusal(client.search({ query: "Energy" }, signal));
    expect(error).toMatchObject({ kind: "budget_exceeded", status: 432, retryable: false });
    expect(sent("/search")).toBe(2);
  });

  test("so is the end of pay as you go", async () => {
    await open({ plan: { planLimit: 1, paygoLimit: 1 } });
    await client.search({ query: "Energy" }, signal);
    await client.search({ query: "Energy" }, signal);
    const error = await refusal(client.search({ query: "Energy" }, signal));
    expect(error).toMatchObject({ kind: "budget_exceeded", status: 433 });
    expect(sent("/search")).toBe(3);
  });
});

describe("what must not be sent twice", () => {
  const moments = ["before", "after", "half_body"] as const;
  test.each(moments)("a research is started once when the line is cut %s", async (moment) => {
    await open();
    simulator.faults.set({ kind: "cut", moment }, { times: 9 });
    const error = await refusal(client.startResearch({ input: "a", model: "mini" }, signal));
    expect(error).toMatchObject({ reason: "outcome_unknown", retryable: false });
    expect(sent("/research")).toBe(1);
    expect(simulator.researchCount()).toBe(moment === "before" ? 0 : 1);
  });

  test.each([502, 503, 500])("and when it is answered with %s", async (status) => {
    await open();
    simulator.faults.set({ kind: "status", status }, { times: 9 });
    await refusal(client.startResearch({ input: "a", model: "mini" }, signal));
    await refusal(client.crawl({ url: "https://tradewire.example", maxPages: 5 }, signal));
    expect([sent("/research"), sent("/crawl")]).toEqual([1, 1]);
  });
});

test.each<TavilyFault>([
  { kind: "status", status: 503, retryAfter: "0" },
  { kind: "cut", moment: "half_body" },
  { kind: "html", status: 502 },
])("a search is tried again after %j", async (fault) => {
  await open();
  simulator.faults.set(fault);
  const { results } = await client.search({ query: "Energy" }, signal);
  expect(results.length).toBeGreaterThan(0);
  expect(sent("/search")).toBe(2);
});

test("a pause that the vendor asks for is kept, by a call of the same class", async () => {
  await open();
  simulator.faults.set({ kind: "status", status: 429, retryAfter: "1" });
  const startedAt = performance.now();
  await client.search({ query: "Energy" }, signal);
  expect(performance.now() - startedAt).toBeGreaterThan(950);
  expect(sent("/search")).toBe(2);
});

test("a wrong key and a call without one are told apart from a limit", async () => {
  await open({}, "tvly-another");
  expect(await refusal(client.search({ query: "a" }, signal))).toMatchObject({ kind: "not_configured", status: 401 });
  const answer = await fetch(`${simulator.url}/search`, { method: "POST", body: "{}" });
  expect(explainFailure(answer.status, await answer.json())).toMatchObject({
    kind: "not_configured",
    retryable: false,
  });
});

test("leaving early is the caller's own reason", async () => {
  await open({ latency: { scale: 1 } });
  const leaving = new AbortController();
  const work = client.search({ query: "Energy" }, leaving.signal);
  setTimeout(() => leaving.abort(new Error("left")), 50);
  await expect(work).rejects.toThrow("left");
});
