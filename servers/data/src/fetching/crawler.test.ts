import { AppError } from "@sophia/core/errors/app-error";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import { samplePage } from "../testing/sample-page.ts";
import { createCrawler, type CrawlRequest } from "./crawler.ts";
import type { SiteMap } from "./site-map.ts";

const home = "https://example.com/";
const at = (path: string): string => new URL(path, home).href;

type Pages = Record<string, { links?: string[]; canonical?: string; finalUrl?: string; error?: AppError }>;

function setUp(pages: Pages, listed: string[] = []) {
  const asked: string[] = [];
  const wanted: boolean[] = [];
  const clock = createVirtualClock();
  let active = 0;
  const most = { inFlight: 0 };
  const reader = {
    async read(url: string, _signal: AbortSignal, options: { wantLinks?: boolean } = {}) {
      asked.push(url);
      wanted.push(options.wantLinks ?? false);
      most.inFlight = Math.max(most.inFlight, ++active);
      await Promise.resolve();
      active -= 1;
      const page = pages[url];
      if (!page) throw new AppError("not_found", "The site has no page at this address.");
      if (page.error) throw page.error;
      const saved = { id: `id ${url}`, version: 1, state: "new" as const, fetchedAt: 1, checkedAt: 1 };
      const finalUrl = page.finalUrl ?? url;
      const content = samplePage("Text.", { canonicalUrl: page.canonical ?? null });
      return {
        page: content,
        saved,
        url,
        finalUrl,
        links: (page.links ?? []).map((link) => new URL(link, finalUrl).href),
      };
    },
  };
  const map: SiteMap = { pages: listed.map((url) => ({ url, lastModified: null })), sitemaps: [], isPartial: false };
  const crawler = createCrawler({ pages: reader, siteMaps: { read: async () => map }, clock });
  const { signal } = new AbortController();
  const crawl = (request: Partial<CrawlRequest> = {}, step?: <T>(name: string, work: () => Promise<T>) => Promise<T>) =>
    crawler.crawl(
      { startUrl: home, maxPages: 50, maxDepth: 5, include: [], exclude: [], ...request },
      { signal, ...(step && { step }) },
    );
  return { asked, wanted, clock, crawl, most };
}

test("follows links breadth first, each page once, on the same site, two at a time", async () => {
  const { asked, crawl, most } = setUp({
    [home]: { links: ["/a", "/b", "https://other.com/", "/?utm_source=x"] },
    [at("/a")]: { links: ["/", "/b", "/c"] },
    [at("/b")]: { links: ["/a?fbclid=1"] },
    [at("/c")]: {},
  });
  const { pages, failures } = await crawl();
  expect(asked).toEqual([home, at("/a"), at("/b"), at("/c")]);
  expect(pages.map(({ depth }) => depth)).toEqual([0, 1, 1, 2]);
  expect(failures).toEqual([]);
  expect(most.inFlight).toBe(2);
});

test("depth, number and paths bound it; what was left out is counted", async () => {
  const site: Pages = { [home]: { links: ["/a", "/b", "/x/1"] }, [at("/a")]: { links: ["/a/deep"] }, [at("/b")]: {} };
  expect((await setUp(site).crawl({ maxDepth: 1, exclude: ["/x/*"] })).pages).toHaveLength(3);
  expect(await setUp(site).crawl({ maxPages: 2, include: ["/a", "/b"] })).toMatchObject({ notRead: 1 });
  expect((await setUp(site).crawl({ maxDepth: 0 })).pages).toHaveLength(1);
});

test("what declares itself another page that was read counts as its duplicate", async () => {
  const { crawl } = setUp({
    [home]: { links: ["/a", "/a-print"] },
    [at("/a")]: {},
    [at("/a-print")]: { canonical: at("/a") },
  });
  expect(await crawl()).toMatchObject({ duplicates: 1, pages: [{ url: home }, { url: at("/a") }] });
});

test("a sitemap that lists enough makes links needless, so that pages can be asked for on condition", async () => {
  const { crawl, wanted } = setUp({ [home]: {}, [at("/a")]: {}, [at("/b")]: {} }, [at("/a"), at("/b")]);
  expect((await crawl({ maxPages: 2 })).pages).toHaveLength(2);
  expect(wanted).toEqual([true, false]);
});

test("the site is the one that the first page leads to", async () => {
  const moved = "https://shop.example.org/";
  const { crawl } = setUp({
    [home]: { finalUrl: moved, links: ["/a", "https://example.com/b"] },
    [`${moved}a`]: {},
  });
  expect((await crawl()).pages.map(({ url }) => url)).toEqual([moved, `${moved}a`]);
});

test("a page's trouble is reported, ours ends the crawl, and 'later' is waited for a few times only", async () => {
  const later = new AppError("rate_limited", "Later.", { retryAfterMs: 5_000 });
  const { crawl, asked, clock } = setUp({ [home]: { links: ["/gone", "/busy"] }, [at("/busy")]: { error: later } });
  const running = crawl();
  await clock.advance(60_000);
  const { failures } = await running;
  expect(failures.map(({ url, code }) => [url, code])).toEqual([
    [at("/gone"), "not_found"],
    [at("/busy"), "rate_limited"],
  ]);
  expect(asked.filter((url) => url === at("/busy"))).toHaveLength(4);
  const broken = setUp({ [home]: { error: new AppError("unavailable", "The server is stopping.") } });
  await expect(broken.crawl()).rejects.toMatchObject({ kind: "unavailable" });
});

test("taken up again, it asks for no page a second time and comes to the same", async () => {
  const site: Pages = {
    [home]: { links: ["/a", "/b"] },
    [at("/a")]: { links: ["/c"] },
    [at("/b")]: {},
    [at("/c")]: {},
  };
  const journal = new Map<string, string>();
  const step =
    (crashAfter: number) =>
    async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const known = journal.get(name);
      if (known !== undefined) return JSON.parse(known) as T;
      if (journal.size >= crashAfter) throw new Error("crash");
      const result = await work();
      journal.set(name, JSON.stringify(result));
      return result;
    };
  const first = setUp(site);
  await expect(first.crawl({}, step(3))).rejects.toThrow("crash");
  const second = setUp(site);
  const resumed = await second.crawl({}, step(100));
  expect([...first.asked, ...second.asked].toSorted()).toEqual(Object.keys(site).toSorted());
  expect(resumed).toEqual(await setUp(site).crawl());
});
