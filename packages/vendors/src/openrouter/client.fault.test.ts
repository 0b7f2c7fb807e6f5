import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { type OpenRouterSimulator, startOpenRouterSimulator } from "@sophia/simulators/openrouter/simulator";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createOpenAiClient, type OpenAiClient } from "../openai-shape/openai-client.ts";
import { openrouterProvider } from "./provider.ts";

let simulator: OpenRouterSimulator;
let client: OpenAiClient;
const { signal } = new AbortController();

async function start(options: Parameters<typeof startOpenRouterSimulator>[0] = {}): Promise<void> {
  simulator = await startOpenRouterSimulator({ seed: 2, apiKey: "key", ...options });
  const common = { service: "openrouter", mode: "live" as const, baseUrl: simulator.url, models: [] };
  const endpoint = { ...common, apiKey: new Secret("key"), profile: openrouterProvider };
  client = createOpenAiClient({ endpoint, log: pino({ level: "silent" }), clock: systemClock, timeoutMs: 2_000 });
}
beforeEach(() => start());
afterEach(async () => {
  await client.close();
  await simulator.close();
});

const ask = { model: "simulated/small", messages: [{ role: "user", content: "hello" }] };
const streamed = { ...ask, stream: true };

/** Each way to ask: whole and streamed, and both again by the short way of bytes. */
const ways: [string, () => Promise<unknown>][] = [
  ["whole", () => client.complete(ask, signal)],
  ["streamed", async () => await Array.fromAsync(await client.stream(streamed, signal))],
  ["whole, as bytes", async () => await client.completeBytes?.({ fields: ask }, signal)],
  ["streamed, as bytes", relay],
];

async function relay(): Promise<void> {
  const events = await client.relayEvents?.({ fields: streamed }, signal);
  await new Promise<void>((resolve, reject) => {
    events?.pipe({ events: () => true, end: resolve, fail: reject });
  });
}

describe("statuses", () => {
  test.each([
    [402, {}, { kind: "budget_exceeded" }],
    [408, {}, { kind: "timeout" }],
    [429, { "retry-after": "2", "x-ratelimit-limit": "20" }, { kind: "rate_limited", retryAfterMs: 2_000 }],
    [502, {}, { kind: "upstream" }],
    [503, { "retry-after": "1" }, { kind: "unavailable", retryAfterMs: 1_000 }],
    [524, {}, { kind: "upstream" }],
    [529, {}, { kind: "upstream" }],
  ])("%i with %j", async (status, headers, expected) => {
    simulator.faults.set({ kind: "status", status, headers });
    const error = await client.complete(ask, signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ ...expected, status, service: "openrouter" });
    expect(String(error)).not.toContain("VENDOR");
  });
});

describe("an error inside a 200", () => {
  test.each([
    ["rate_limit_exceeded", { kind: "rate_limited" }],
    ["provider_overloaded", { kind: "unavailable" }],
    ["provider_unavailable", { kind: "unavailable" }],
    ["payment_required", { kind: "budget_exceeded" }],
    ["context_length_exceeded", { kind: "invalid_input", reason: "context_length" }],
    ["content_policy_violation", { kind: "invalid_input", reason: "content_policy" }],
    ["refusal", { kind: "invalid_input", reason: "content_policy" }],
    ["authentication", { kind: "not_configured" }],
    ["timeout", { kind: "timeout" }],
    ["server", { kind: "upstream" }],
    ["unmapped", { kind: "upstream" }],
  ])("of the type %s", async (errorType, expected) => {
    simulator.faults.set({ kind: "error_in_200", code: 200, errorType }, ways.length);
    for (const [, way] of ways) await expect(way()).rejects.toMatchObject(expected);
  });
});

test.each(ways.filter(([name]) => name.startsWith("streamed")))(
  "an error chunk ends a stream as a failure, whatever came before: %s",
  async (_name, way) => {
    simulator.faults.set({ kind: "error_in_stream", afterEvents: 3 });
    await expect(way()).rejects.toMatchObject({ kind: "upstream", service: "openrouter" });
  },
);

test("an empty answer is whole, and free of charge", async () => {
  simulator.faults.set({ kind: "empty" });
  const answer = await client.complete(ask, signal);
  expect(answer).toMatchObject({ choices: [{ message: { content: "" } }], usage: { completion_tokens: 0, cost: 0 } });
  await expect.poll(() => simulator.account.activity().length).toBe(1);
  expect(simulator.account.credits().total_usage).toBe(0);
});

test("a first byte that does not come ends at our deadline", async () => {
  simulator.faults.set({ kind: "slow", delayMs: 30_000 });
  await client.close();
  const common = { service: "openrouter", mode: "live" as const, baseUrl: simulator.url, models: [] };
  const endpoint = { ...common, apiKey: new Secret("key"), profile: openrouterProvider };
  client = createOpenAiClient({ endpoint, log: pino({ level: "silent" }), clock: systemClock, timeoutMs: 150 });
  await expect(client.complete(ask, signal)).rejects.toMatchObject({ kind: "timeout" });
});

test("a stream that its caller leaves is left at the provider too", async () => {
  await client.close();
  await simulator.close();
  await start({ latency: { eventMs: 20 } });
  const leaving = new AbortController();
  const stream = await client.stream({ ...ask, stream: true }, leaving.signal);
  await stream.next();
  leaving.abort();
  await expect(Array.fromAsync(stream)).rejects.toThrow();
  await expect.poll(() => simulator.calls().at(-1)?.abandoned).toBe(true);
});

test("credit that is used up refuses paid models and keeps free ones", async () => {
  await client.close();
  await simulator.close();
  await start({ credits: 0.000_01 });
  await client.complete(ask, signal);
  await expect.poll(() => simulator.account.refusal()).toBe("credits");
  await expect(client.complete(ask, signal)).rejects.toMatchObject({ kind: "budget_exceeded", status: 402 });
  expect(await client.complete({ ...ask, model: "simulated/small:free" }, signal)).toMatchObject({
    usage: { cost: 0 },
  });
});
