import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Resolve } from "@sophia/core/http/guarded-dispatcher";
import { systemClock } from "@sophia/core/limits/clock";
import { createMemoryLimitStore } from "@sophia/core/limits/limit-store";
import { createPacer } from "@sophia/core/limits/pacer";
import { createMetrics } from "@sophia/core/observe/metrics";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { extractPage } from "../domain/extract-page.ts";
import { createFeedReader } from "../feeds/feed-reader.ts";
import { privateForms } from "../testing/private-forms.ts";
import { toolContext } from "../testing/tool-context.ts";
import { fetchFeed } from "../tools/fetch-feed.ts";
import { fetchPage } from "../tools/fetch-page.ts";
import { mapSite } from "../tools/map-site.ts";
import { checkWatch } from "../watching/check-watch.ts";
import type { EntryStore, KeptEntry } from "../watching/entry-store.ts";
import type { Watch, WatchStore } from "../watching/watch-store.ts";
import { createCrawler } from "./crawler.ts";
import { openFetching } from "./open-fetching.ts";
import { createPageReader } from "./page-reader.ts";
import { createSiteMapReader } from "./site-map.ts";

// The inner server stands on 127.0.0.1, a public site on 127.0.0.2 and the same port: only that address is allowed.
// Only Linux has the second one without set-up.
const hasBoth = process.platform === "linux";
if (!hasBoth)
  process.stderr.write("\n*** There is no 127.0.0.2 here, the tests of private addresses are SKIPPED ***\n\n");

const { signal } = new AbortController();
const log = pino({ level: "silent" });
const hits: string[] = [];
const asked: string[] = [];
let inner: Server;
let site: Server;
let port: number;
let answer: (path: string) => { location?: string; body?: string };

const listen = (server: Server, at: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => server.once("error", reject).listen(at, host, () => resolve()));

beforeAll(async () => {
  if (!hasBoth) return;
  inner = createServer((request, response) => {
    hits.push(request.url ?? "");
    response.end("<html><body><p>A secret of the inner network.</p></body></html>");
  });
  site = createServer((request, response) => {
    asked.push(request.url ?? "");
    const { location, body } = answer(request.url ?? "");
    // As servers send what is not ASCII: its bytes.
    if (location === undefined) response.end(body);
    else response.writeHead(302, { location: Buffer.from(location).toString("latin1") }).end();
  });
  await listen(inner, 0, "127.0.0.1");
  port = (inner.address() as AddressInfo).port;
  await listen(site, port, "127.0.0.2");
});
beforeEach(() => {
  hits.length = 0;
  asked.length = 0;
  answer = () => ({ body: "" });
});
afterAll(() => {
  for (const server of hasBoth ? [inner, site] : []) {
    server.closeAllConnections();
    server.close();
  }
});

const resolveNames: Resolve = async (host) => [
  { address: host.startsWith("site") ? "127.0.0.2" : "127.0.0.1", family: 4 },
];

/** Every way of this server to the web, as it is put together in use, and each tool or job that takes it. */
async function openWays(resolve: Resolve = resolveNames, allowPrivate = ["127.0.0.2"]) {
  const clock = systemClock;
  const { fetcher, robots } = await openFetching(
    { SOPHIA_DATA_ALLOW_PRIVATE: allowPrivate, SOPHIA_DATA_CHROMIUM: "off" },
    {
      clock,
      log,
      pacer: createPacer({ store: createMemoryLimitStore({ clock }), clock }),
      metrics: createMetrics({ server: "data" }),
      config: { ports: {} } as never,
    },
    { resolve, limits: { rate: { requests: 1e6, perMs: 1_000 }, concurrency: { concurrent: 100 } } },
  );
  const pages = createPageReader({
    fetcher,
    extractor: { extract: async (input) => extractPage(input), close: async () => {} },
    documents: { save: async () => saved },
    validators: {
      find: async () => undefined,
      keep: async () => {},
      touch: async () => {},
      reservationsOf: async () => [],
    },
    vectors: { embedMissing: async () => 0 },
    jobs: { enqueue: async () => ({ id: "j", existed: false }) },
    clock,
    log,
  });
  const feeds = createFeedReader({ fetcher, clock });
  const siteMaps = createSiteMapReader({ fetcher, robots, clock });
  const crawler = createCrawler({ pages, siteMaps, clock });
  const context = toolContext({ pages, feeds, siteMaps });
  return {
    fetch_page: (url: string) => fetchPage.run(fetchPage.input.parse({ url }), context),
    fetch_feed: (url: string) => fetchFeed.run(fetchFeed.input.parse({ url }), context),
    map_site: (url: string) => mapSite.run(mapSite.input.parse({ url }), context),
    crawl_site: (url: string) =>
      crawler.crawl({ startUrl: url, maxPages: 50, maxDepth: 2, include: [], exclude: [] }, { signal }),
    watch_topic: (url: string) => watch(url, { feeds, pages, clock }),
  };
}

const saved = { id: "d", version: 1, state: "new" as const, fetchedAt: 1, checkedAt: 1 };

type WatchedParts = Pick<Parameters<typeof checkWatch>[1], "feeds" | "pages" | "clock">;

async function watch(url: string, parts: WatchedParts) {
  const found: KeptEntry[] = [];
  const source = { watch_id: "w", url, ordinal: 0, kind: null, feed_url: null, etag: null, last_modified: null };
  const rest = { checked_at: null, failure_code: null, failure_message: null };
  const facts = { topic: null, every: "1h", created_at: 1, checked_at: null, last_sequence: 0, cost_usd: 0 };
  const watched: Watch = { ...facts, id: "w", sources: [{ ...source, ...rest }] };
  const watches: Pick<WatchStore, "find" | "noteSource" | "noteCheck"> = {
    find: async () => watched,
    noteSource: async () => {},
    noteCheck: async () => {},
  };
  const entries: Omit<EntryStore, "take"> = {
    async record(_id, sourceUrl, given) {
      const place = { key: "k", sequence: 1, state: "new" as const, sourceUrl, foundAt: 1, documentId: null };
      found.push(...given.map((entry) => ({ ...entry, ...place })));
      return given.length;
    },
    listUnstored: async () => [...found],
    noteStored: async () => {},
    noteTry: async () => false,
    tidy: async () => {},
  };
  return await checkWatch(
    "w",
    { ...parts, news: undefined, documents: { save: async () => saved }, watches, entries },
    signal,
  );
}

const names = ["fetch_page", "fetch_feed", "map_site", "crawl_site", "watch_topic"] as const;
const settle = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe.skipIf(!hasBoth).each(names)("%s", (name) => {
  test("asks no private address, however it is written: 14 forms, as given, after a redirect and on the way", async () => {
    const ways = await openWays();
    const forms = privateForms(port);
    expect(forms).toHaveLength(14);
    for (const form of forms) await settle(ways[name](form));
    for (const [index, form] of forms.entries()) {
      answer = (path) => (path.startsWith("/to") ? { location: form } : { body: "" });
      await settle(ways[name](`http://site.example:${port}/to${index}`));
      // The site's rules lead inside.
      answer = (path) => (path === "/robots.txt" ? { location: form } : { body: "" });
      await settle(ways[name](`http://site${index}.example:${port}/`));
    }
    const links = forms.map(
      (form) => `<a href="${form}">x</a><link rel=alternate type=application/rss+xml href="${form}">`,
    );
    const feed = `<rss><channel>${forms.map((form, index) => `<item><guid>${index}</guid><link>${form}</link></item>`).join("")}</channel></rss>`;
    const sitemap = `<urlset>${forms.map((form) => `<url><loc>${form}</loc></url>`).join("")}</urlset>`;
    answer = (path) => {
      if (path === "/robots.txt") return { body: forms.map((form) => `Sitemap: ${form}`).join("\n") };
      return {
        body: { "/feed": feed, "/sitemap.xml": sitemap }[path] ?? `<html><body>${links.join("")}</body></html>`,
      };
    };
    for (const path of ["/", "/feed", "/sitemap.xml"])
      await settle(ways[name](`http://site-links.example:${port}${path}`));
    expect(hits).toEqual([]);
    expect(asked.filter((path) => path !== "/robots.txt").length).toBeGreaterThan(14);
  });

  test("asks no name that is public at first and private the next time", async () => {
    let lookups = 0;
    const ways = await openWays(async () => [{ address: lookups++ % 2 === 0 ? "127.0.0.2" : "127.0.0.1", family: 4 }]);
    answer = () => ({ body: "", location: `http://again.example:${port}/${lookups}` });
    for (const round of [1, 2, 3, 4]) await settle(ways[name](`http://changing${round}.example:${port}/x`));
    const mixed = await openWays(async () => [
      { address: "127.0.0.2", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ]);
    await settle(mixed[name](`http://mixed.example:${port}/x`));
    expect(hits).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);
  });

  test("would be seen to ask them, if it were allowed to", async () => {
    const ways = await openWays(resolveNames, ["127.0.0.0/8", "localhost"]);
    for (const form of privateForms(port)) await settle(ways[name](form));
    expect(hits.length).toBeGreaterThan(8);
  });
});
