import { Secret } from "@sophia/core/config/secret";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { type OpenRouterSimulator, startOpenRouterSimulator } from "@sophia/simulators/openrouter/simulator";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { createProviderAccounts, type ProviderAccounts } from "./provider-accounts.ts";
import { readOpenRouterAccount } from "./read-openrouter-account.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const { signal } = new AbortController();

async function start(options: { isManagementKey?: boolean; keyLimit?: number; key?: string }): Promise<{
  simulator: OpenRouterSimulator;
  accounts: ProviderAccounts;
}> {
  const simulator = await startOpenRouterSimulator({ apiKey: "right", credits: 50, ...options });
  const place = { baseUrl: simulator.url, models: [] };
  const accounts = createProviderAccounts({
    endpoints: [
      { ...place, service: "openrouter", mode: "simulated", apiKey: new Secret(options.key ?? "right") },
      { ...place, service: "together", mode: "live", apiKey: new Secret("t") },
      { ...place, service: "ollama", mode: "local" },
    ],
    log: pino({ level: "silent" }),
    clock: createVirtualClock(),
  });
  closing.push(accounts.close, simulator.close);
  return { simulator, accounts };
}

test("tells credit and key of OpenRouter, and why others have no figures", async () => {
  const { accounts } = await start({ keyLimit: 20 });
  expect(await accounts.list(signal)).toMatchObject([
    { service: "openrouter", state: "stated", boughtUsd: 50, usedUsd: 0, remainingUsd: 20, keyLimitUsd: 20 },
    { service: "together", state: "not_offered", page: expect.stringContaining("together.ai") as string },
    { service: "ollama", mode: "local", state: "free" },
  ]);
});

test("a key that does not manage the account tells of itself alone", async () => {
  const { accounts } = await start({ isManagementKey: false });
  const [account] = await accounts.list(signal);
  expect(account).toMatchObject({ state: "stated", usedUsd: 0 });
  expect(account).not.toHaveProperty("boughtUsd");
});

test("one that fails does not take the others along", async () => {
  const { accounts } = await start({ key: "wrong" });
  const [failed, ...others] = await accounts.list(signal);
  expect(failed).toMatchObject({ state: "failed", reason: expect.not.stringContaining("VENDOR") as string });
  expect(others.map(({ state }) => state)).toEqual(["not_offered", "free"]);
});

test.each([
  ["at this month's pace", "2026-09-11T00:00:00Z", 30, 6],
  ["not from the first hours of a month", "2026-09-01T12:00:00Z", 30, undefined],
  ["not from loose change", "2026-09-11T00:00:00Z", 0.001, undefined],
])("days left: %s", async (_name, now, month, daysLeft) => {
  const usedUsd = { total: 200, day: 1, week: 5, month };
  const key = { label: "k", remainingUsd: 20, usedUsd, isFreeTier: false, isManagementKey: true };
  const client = {
    key: () => Promise.resolve(key),
    credits: () => Promise.resolve({ boughtUsd: 500, usedUsd: 300 }),
  };
  const facts = await readOpenRouterAccount({ client, now: Date.parse(now) }, signal);
  expect(facts.remainingUsd).toBe(20);
  expect(facts.daysLeft).toBe(daysLeft);
});
