import { expect, test } from "vitest";
import { documents } from "../web-corpus/corpus.ts";
import { startZenRowsSimulator } from "./simulator.ts";

const page = documents[0]?.url ?? "";

function address(base: string, query: Record<string, string>): string {
  return `${base}/?${new URLSearchParams({ apikey: "k", ...query }).toString()}`;
}

test("credits go down by what was asked for, and end", async () => {
  const simulator = await startZenRowsSimulator({ apiKey: "k", credits: 6, latency: { scale: 0 } });
  const read = async (query: Record<string, string>) => {
    const answer = await fetch(address(simulator.url, { url: page, ...query }));
    return [answer.status, answer.headers.get("x-request-credits"), answer.headers.get("x-request-cost")];
  };
  expect(await read({})).toEqual([200, "1", "0.000280"]);
  expect(await read({ js_render: "true" })).toEqual([200, "5", "0.001400"]);
  expect(await read({})).toEqual([402, null, null]);
  expect(simulator.creditsUsed()).toBe(6);
  await simulator.close();
});

test("a request that nobody waits for any more keeps its slot until its page has come", async () => {
  const held = Promise.withResolvers<void>();
  const clock = { now: () => 0, sleep: () => held.promise };
  const simulator = await startZenRowsSimulator({ clock, concurrency: 1 });
  const leaving = new AbortController();
  const left = fetch(address(simulator.url, { url: page }), { signal: leaving.signal }).catch(() => "left");
  await expect.poll(() => simulator.load().most).toBe(1);
  leaving.abort();
  expect(await left).toBe("left");
  const refused = await fetch(address(simulator.url, { url: page }));
  expect(await refused.json()).toMatchObject({ code: "AUTH006", status: 429 });
  expect([refused.headers.get("concurrency-limit"), refused.headers.get("concurrency-remaining")]).toEqual(["1", "0"]);
  held.resolve();
  await expect.poll(async () => (await fetch(address(simulator.url, { url: page }))).status).toBe(200);
  await simulator.close();
});

test.each([
  { mode: "auto", js_render: "true" },
  { proxy_country: "de" },
  { autoparse: "true", response_type: "pdf" },
  { wait: "100" },
  { css_extractor: "{", js_render: "true" },
  { maxItemz: "1" },
])("%j is refused", async (query) => {
  const simulator = await startZenRowsSimulator({ latency: { scale: 0 } });
  const answer = await fetch(address(simulator.url, { url: page, ...query }));
  expect(await answer.json()).toMatchObject({ code: "REQS004" });
  await simulator.close();
});

test("a missing key and a wrong one are told apart", async () => {
  const simulator = await startZenRowsSimulator({ apiKey: "k" });
  const codes = [`${simulator.url}/?url=${page}`, `${simulator.url}/?url=${page}&apikey=x`].map(
    async (url) => ((await (await fetch(url)).json()) as { code: string }).code,
  );
  expect(await Promise.all(codes)).toEqual(["AUTH001", "AUTH003"]);
  await simulator.close();
});

test("three jobs run at a time, and a larger one is taken with a 202", async () => {
  const simulator = await startZenRowsSimulator({ credits: 100_000 });
  const submit = async (tasks: number) => {
    const body = JSON.stringify({ tasks: Array.from({ length: tasks }, () => ({ url: page })) });
    return (await fetch(`${simulator.batchUrl}/jobs`, { method: "POST", body })).status;
  };
  expect([await submit(10_000), await submit(1), await submit(1), await submit(1)]).toEqual([202, 201, 201, 429]);
  await simulator.close();
});
