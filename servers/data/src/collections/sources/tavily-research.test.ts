import { Secret } from "@sophia/core/config/secret";

import { startTavilySimulator } from "@sophia/simulators/tavily/simulator";
import { createTavilyClient } from "@sophia/vendors/tavily/client";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createFastClock } from "../testing/collection-world.ts";
import { createTavilyResearch } from "./tavily-research.ts";

const signal = new AbortController().signal;
const item = { source: "research", question: "What is new in energy?", model: "mini" } as const;

async function open() {
  const clock = createFastClock(30, Date.now());
  const simulator = await startTavilySimulator({ apiKey: "simulated", clock });
  const log = pino({ level: "silent" });
  const client = createTavilyClient({ apiKey: new Secret("simulated"), baseUrl: simulator.url, log, clock });
  onTestFinished(async () => {
    await client.close();
    await simulator.close();
  });
  return { simulator, source: createTavilyResearch({ client, mode: "live" }) };
}

test("a report is one document with its sources and its cost", async () => {
  const { source, simulator } = await open();
  const started = await source.start(item, "task-1", signal);
  if (started === "unknown") throw new Error("not started");
  while (!(await source.hasEnded(item, started.handle, signal))) signal.throwIfAborted();
  const { pages, costUsd } = await source.read(item, started.handle, signal);
  expect(pages).toMatchObject([{ title: item.question, body: { markdown: expect.stringContaining("## Sources") } }]);
  expect(costUsd).toBeGreaterThan(0);
  expect(costUsd).toBeLessThanOrEqual(source.estimate(item).costUsd);
  expect(simulator.researchCount()).toBe(1);
});

test("a start whose answer is lost is unknown, and not sent again", async () => {
  const { source, simulator } = await open();
  simulator.faults.set({ kind: "cut", moment: "after" }, { times: 9 });
  expect(await source.start(item, "task-1", signal)).toBe("unknown");
  expect(simulator.calls().filter(({ path }) => path === "/research")).toHaveLength(1);
  expect(await source.find(item, { tag: "task-1", since: 0 }, signal)).toBeUndefined();
});
