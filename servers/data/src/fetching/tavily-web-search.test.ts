import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "@sophia/core/config/secret";
import { createLedger } from "@sophia/core/ledger/ledger";
import { systemClock as clock } from "@sophia/core/limits/clock";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { openStore } from "@sophia/core/store/store";
import { startTavilySimulator } from "@sophia/simulators/tavily/simulator";
import { documents as corpus } from "@sophia/simulators/web-corpus/corpus";
import { createTavilyClient } from "@sophia/vendors/tavily/client";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createTavilyWebSearch } from "./tavily-web-search.ts";
import type { WebSearch } from "./web-search.ts";

const log = pino({ level: "silent" });
const signal = new AbortController().signal;
const query = {
  text: corpus[0]?.title ?? "",
  site: undefined,
  since: undefined,
  until: undefined,
  limit: 3,
  caller: "ann",
  requestId: "r1",
};
const own: WebSearch = {
  search: async () => ({
    results: [],
    scope: "own_documents",
    note: null,
    service: "tavily",
    mode: "local",
    costUsd: 0,
  }),
};

async function open(limitUsd = 1) {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-search-"));
  const store = await openStore<CoreTables>({ dataDir, migrations: [], log });
  const simulator = await startTavilySimulator({ apiKey: "simulated", latency: { scale: 0 } });
  const client = createTavilyClient({ apiKey: new Secret("simulated"), baseUrl: simulator.url, log, clock });
  const ledger = createLedger({ store, clock });
  const budgets = { of: async () => [{ key: "month", limitUsd, windowMs: 1_000_000 }] };
  onTestFinished(async () => {
    await client.close();
    await simulator.close();
    await store.close();
    rmSync(dataDir, { recursive: true });
  });
  return { simulator, ledger, web: createTavilyWebSearch({ client, own, ledger, budgets, clock }) };
}

test("searches the web, and books the credits to the caller", async () => {
  const { web, ledger } = await open();
  const answer = await web.search({ ...query, since: Date.UTC(2020, 0, 1) }, signal);
  expect(answer).toMatchObject({ scope: "web", service: "tavily", mode: "live", costUsd: 0.008 });
  expect(answer.results.length).toBeGreaterThan(0);
  expect(await ledger.totals({ caller: "ann", service: "tavily" })).toMatchObject([{ quantity: 1, costUsd: 0.008 }]);
});

test("with the budget used up nothing is sent, and the own store answers and says so", async () => {
  const { web, simulator } = await open(0.01);
  await web.search(query, signal);
  const answer = await web.search(query, signal);
  expect(answer).toMatchObject({ scope: "own_documents", note: expect.stringContaining("budget") });
  expect(simulator.calls()).toHaveLength(1);
});

test("a refusal costs nothing", async () => {
  const { web, ledger, simulator } = await open();
  simulator.faults.set({ kind: "status", status: 401 }, { times: 1 });
  await expect(web.search(query, signal)).rejects.toThrow();
  expect((await ledger.totals({}))[0]?.costUsd ?? 0).toBe(0);
});
