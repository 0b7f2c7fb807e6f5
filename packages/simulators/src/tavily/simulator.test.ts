import { expect, test } from "vitest";
import { documents } from "../web-corpus/corpus.ts";
import { startTavilySimulator, type TavilySimulatorOptions } from "./simulator.ts";

async function open(options: TavilySimulatorOptions = {}) {
  let now = Date.UTC(2026, 10, 27);
  const clock = {
    now: () => now,
    sleep: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
  const simulator = await startTavilySimulator({ clock, apiKey: "k", ...options });
  const headers = { authorization: "Bearer k" };
  return {
    simulator,
    leap: (ms: number) => (now += ms),
    get: (path: string) => fetch(simulator.url + path, { headers }),
    post: (path: string, body: object) =>
      fetch(simulator.url + path, { method: "POST", headers, body: JSON.stringify(body) }),
  };
}

test("a minute's window fills, says when it opens, and opens", async () => {
  const { simulator, post, get, leap } = await open({ requestsPerMinute: 2, latency: { scale: 0 } });
  for (const status of [200, 200, 429]) expect((await post("/search", { query: "Energy" })).status).toBe(status);
  // Research and crawls are counted apart; asking for a research's state is not.
  expect((await post("/research", { input: "a" })).status).toBe(201);
  const refused = await get("/usage");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
  leap(60_000);
  expect((await get("/usage")).status).toBe(200);
  await simulator.close();
});

test("research goes from pending to done, and is billed once", async () => {
  const { simulator, post, get, leap } = await open();
  const started = (await (await post("/research", { input: "Energy", model: "mini" })).json()) as {
    request_id: string;
  };
  const read = async () => {
    const answer = await get(`/research/${started.request_id}`);
    return [answer.status, ((await answer.json()) as { status: string }).status];
  };
  expect(await read()).toEqual([202, "pending"]);
  leap(600_000);
  expect([await read(), await read()]).toEqual([
    [200, "completed"],
    [200, "completed"],
  ]);
  expect(await (await get("/usage")).json()).toMatchObject({ account: { research_usage: 15, plan_usage: 15 } });
  await simulator.close();
});

test("a search takes its time, and finds within the days it was given", async () => {
  const { simulator, post } = await open();
  const query = documents.map(({ title }) => title).join(" ");
  const day = new Date(documents[10]?.publishedAt ?? 0).toISOString().slice(0, 10);
  const found = await post("/search", { query, max_results: 20, start_date: day, end_date: day, topic: "news" });
  const { results, response_time: seconds } = (await found.json()) as {
    results: { published_date: string }[];
    response_time: number;
  };
  expect(results.length).toBeGreaterThan(0);
  expect(results.every(({ published_date: at }) => new Date(at).toISOString().startsWith(day))).toBe(true);
  expect(seconds).toBeGreaterThan(0.2);
  await simulator.close();
});

test("the same seed gives the same", async () => {
  const read = async () => {
    const { simulator, post } = await open({ seed: 9 });
    const text = await (await post("/search", { query: "Energy" })).text();
    await simulator.close();
    return text;
  };
  expect(await read()).toBe(await read());
});
