import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { startZenRowsSimulator, type ZenRowsSimulator } from "@sophia/simulators/zenrows/simulator";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createZenRowsClient, type ZenRowsClient } from "./client.ts";
import type { ZenRowsPower } from "./cost.ts";
import { type EscalationOptions, fetchWithEscalation } from "./escalate.ts";

const { signal } = new AbortController();
const hosts = ["none", "js_render", "premium_proxy", "both", "impossible"] as const;
let simulator: ZenRowsSimulator;
let client: ZenRowsClient;

beforeAll(async () => {
  const pages = new Map(
    hosts.map((host) => [`https://${host.replace("_", "-")}.example/`, { html: `<p>${host}</p>`, protection: host }]),
  );
  simulator = await startZenRowsSimulator({ pages, latency: { scale: 0 }, credits: 10_000 });
  client = createZenRowsClient({
    apiKey: new Secret("k"),
    concurrency: 5,
    baseUrl: simulator.url,
    batchUrl: simulator.batchUrl,
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
});
afterAll(async () => {
  await client.close();
  await simulator.close();
});

function climb(host: string, options: Partial<EscalationOptions> = {}, wishes: object = {}) {
  const request = { url: `https://${host}.example/`, ...wishes };
  return fetchWithEscalation(client, request, { maxCredits: 100, signal, ...options });
}

const ways: [string, ZenRowsPower[], number][] = [
  ["none", ["basic"], 1],
  ["js-render", ["basic", "js_render"], 5],
  ["premium-proxy", ["basic", "js_render", "premium_proxy"], 10],
  ["both", ["basic", "js_render", "premium_proxy", "both"], 25],
];
test.each(ways)("%s is reached by %j for %i credits", async (host, powers, credits) => {
  const before = simulator.creditsUsed();
  const { steps, reply, ...spent } = await climb(host);
  expect(steps.map(({ power }) => power)).toEqual(powers);
  expect(reply.status).toBe(200);
  expect(spent.credits).toBe(credits);
  expect(simulator.creditsUsed() - before).toBe(credits);
});

test("the budget ends the climb before it is crossed", async () => {
  const before = simulator.calls().length;
  await expect(climb("both", { maxCredits: 24 })).rejects.toMatchObject({
    kind: "budget_exceeded",
    cause: { status: 422 },
  });
  expect(simulator.calls().length - before).toBe(3);
});

test("a page that is not the one is paid for, and counts", async () => {
  const once = { accepts: () => false };
  await expect(climb("none", { ...once, maxCredits: 6 })).rejects.toMatchObject({
    kind: "budget_exceeded",
    cost: { quantity: 6, kind: "actual" },
  });
  await expect(climb("none", once)).rejects.toMatchObject({ kind: "upstream", retryable: false });
  let asked = 0;
  const { steps, credits } = await climb("none", { accepts: () => ++asked === 2 });
  expect(steps.map(({ outcome }) => outcome)).toEqual(["not_accepted", "fetched"]);
  expect(credits).toBe(6);
});

test("what more power cannot help ends at once", async () => {
  const before = simulator.calls().length;
  await expect(climb("nowhere")).rejects.toMatchObject({ kind: "not_found", cost: { quantity: 1 } });
  expect(simulator.calls().length - before).toBe(1);
  await expect(climb("impossible")).rejects.toMatchObject({
    kind: "upstream",
    status: 422,
    cost: undefined,
  });
});

test("steps that cannot serve the wish are left out, and auto climbs by itself", async () => {
  const browser = await climb("none", {}, { waitFor: "p" });
  expect(browser.steps.map(({ power }) => power)).toEqual(["js_render"]);
  const both = await climb("none", {}, { waitFor: "p", proxyCountry: "de" });
  expect(both.steps.map(({ power }) => power)).toEqual(["both"]);
  const auto = await climb("premium-proxy", { powers: ["auto"] });
  expect(auto).toMatchObject({ credits: 10, steps: [{ power: "auto" }] });
});
