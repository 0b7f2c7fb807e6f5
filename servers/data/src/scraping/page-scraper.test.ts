import { Secret } from "@sophia/core/config/secret";
import { systemClock as clock } from "@sophia/core/limits/clock";
import { startZenRowsSimulator } from "@sophia/simulators/zenrows/simulator";
import { documents as corpus } from "@sophia/simulators/web-corpus/corpus";
import { createZenRowsClient } from "@sophia/vendors/zenrows/client";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { sampleDocument } from "../testing/sample-document.ts";
import { createPageScraper, type PageScraperOptions } from "./page-scraper.ts";

const call = { caller: "ann", requestId: "r1", signal: new AbortController().signal };
const wish = { url: corpus[0]?.url ?? "", withScripts: false, maxCredits: 6 };

function open(zenrows: PageScraperOptions["zenrows"]) {
  const booked: unknown[] = [];
  const reads: unknown[] = [];
  const scraper = createPageScraper({
    zenrows,
    pages: {
      async read(url, _signal, options) {
        reads.push(options);
        const saved = { id: "d1", version: 1, state: "new" as const, fetchedAt: 0, checkedAt: 0 };
        return { page: { title: "T", markdown: "here" }, saved, url, finalUrl: url, links: [] } as never;
      },
    },
    documents: { get: async () => sampleDocument({ markdown: "kept" }) },
    saveFound: async ({ url }) => ({ documentId: "d2", state: "new", url, title: null }),
    ledger: {
      reserve: async (request) => ({ ...request, id: "res", expiresAt: 0 }),
      settle: async (_id, actual) => void booked.push(actual),
      release: async () => void booked.push("released"),
    },
    budgets: { of: async () => [] },
  });
  return { scraper, booked, reads };
}

async function startZenRows(pages: ReadonlyMap<string, { html: string }> = new Map()) {
  const simulator = await startZenRowsSimulator({ apiKey: "simulated", latency: { scale: 0 }, pages });
  const log = pino({ level: "silent" });
  const place = { apiKey: new Secret("simulated"), baseUrl: simulator.url, batchUrl: simulator.batchUrl };
  const client = createZenRowsClient({ ...place, concurrency: 5, log, clock });
  onTestFinished(async () => {
    await client.close();
    await simulator.close();
  });
  return { simulator, zenrows: { client, mode: "live" as const } };
}

test("with a key it goes through ZenRows, cheapest way first, and the credits are booked as they were", async () => {
  const { zenrows, simulator } = await startZenRows();
  const { scraper, booked } = open(zenrows);
  expect(await scraper.scrape(wish, call)).toMatchObject({
    document: { documentId: "d2" },
    markdown: "kept",
    way: "basic",
  });
  expect(booked).toMatchObject([{ quantity: simulator.creditsUsed(), kind: "actual" }]);
  const dear = await scraper.scrape({ ...wish, withScripts: true }, call);
  expect(dear.way).toBe("js_render");
});

test("no address inside a network leaves", async () => {
  const { zenrows, simulator } = await startZenRows();
  const { scraper, booked } = open(zenrows);
  await expect(scraper.scrape({ ...wish, url: "http://169.254.169.254/" }, call)).rejects.toMatchObject({
    kind: expect.stringMatching(/denied|invalid_input/),
  });
  expect(simulator.calls()).toEqual([]);
  expect(booked).toEqual([]);
});

test("a page or a host that does not exist is booked at what ZenRows bills for it", async () => {
  const { zenrows, simulator } = await startZenRows();
  const { scraper, booked } = open(zenrows);
  const gone = scraper.scrape({ ...wish, url: "https://no-such-page.example/x" }, call);
  await expect(gone).rejects.toMatchObject({ kind: "not_found" });
  expect(simulator.creditsUsed()).toBe(1);
  expect(booked).toMatchObject([{ quantity: 1, kind: "estimate" }]);
});

test("a page that asks whether its reader is human is not kept as the page, and what it cost is booked", async () => {
  const url = "https://guarded.example/";
  const challenge = { html: "<title>Just a moment...</title><p>Verify that you are human, please.</p>" };
  const { zenrows, simulator } = await startZenRows(new Map([[url, challenge]]));
  const { scraper, booked } = open(zenrows);
  await expect(scraper.scrape({ ...wish, url }, call)).rejects.toMatchObject({ kind: "budget_exceeded" });
  expect(booked).toMatchObject([{ quantity: simulator.creditsUsed(), kind: "actual" }]);
  expect(simulator.creditsUsed()).toBe(6);
});

test("without a key the page is read from here, in Chromium where that is wished; selectors say what they need", async () => {
  const { scraper, reads } = open(undefined);
  expect(await scraper.scrape(wish, call)).toMatchObject({ way: "direct", mode: "local", costUsd: 0 });
  await scraper.scrape({ ...wish, waitFor: "#x" }, call);
  expect(reads).toEqual([{}, { render: { waitFor: "#x" } }]);
  await expect(scraper.scrape({ ...wish, fields: { a: "b" } }, call)).rejects.toMatchObject({ kind: "not_configured" });
});
