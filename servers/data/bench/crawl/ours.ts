import { createPublicFetch } from "@sophia/core/http/public-fetch";
import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { decodeText } from "../../src/domain/charset.ts";
import { streamText } from "../../src/domain/stream-text.ts";
import { createCrawlPause } from "../../src/fetching/crawl-pause.ts";
import { createExtractor } from "../../src/fetching/extractor.ts";
import { findLinks } from "../../src/fetching/find-links.ts";
import { createPageFetcher, type PageFetcher } from "../../src/fetching/page-fetcher.ts";
import { createRobotsCache } from "../../src/fetching/robots-cache.ts";
import { addressesOf, type CrawlSums, type CrawlTask, serveTasks } from "./contender.ts";

// The direct fetch as the server puts it together: robots.txt, redirects, byte caps, deadlines. Only its manners and
// the guard of addresses are lifted here, for one host on loopback.

const isWhole = process.argv[2] === "whole";
const log = pino({ level: "silent" });
const clock = systemClock;
const extractor = createExtractor({ log, queueLimit: 1_000 });
const fetchers = new Map<string, PageFetcher>();

function fetcherOf(origin: string): PageFetcher {
  const known = fetchers.get(origin);
  if (known) return known;
  const fetch = createPublicFetch({
    log,
    clock,
    allowPrivate: [new URL(origin).host],
    limits: { rate: { requests: 1e9, perMs: 1_000, burst: 1e9 }, concurrency: { concurrent: 1_000 } },
  });
  const robots = createRobotsCache({ fetch, clock, log });
  const fetcher = createPageFetcher({ fetch, robots, pause: createCrawlPause(clock) });
  fetchers.set(origin, fetcher);
  return fetcher;
}

async function crawl(task: CrawlTask): Promise<CrawlSums> {
  const sums: CrawlSums = { pages: 0, titles: 0, links: 0, textCharacters: 0 };
  const fetcher = fetcherOf(task.origin);
  const waiting = addressesOf(task).values();
  const { signal } = new AbortController();
  async function work(): Promise<void> {
    for (const url of waiting) {
      const fetched = await fetcher.fetch(url, signal);
      const html = decodeText(fetched.body, fetched.contentType);
      sums.links += findLinks(fetched).length;
      sums.titles += /<title[^>]*>([^<]*)/i.exec(html)?.[1] ? 1 : 0;
      sums.textCharacters += isWhole
        ? (await extractor.extract({ ...fetched, url, now: 0 })).text.length
        : streamText(html, 2_000_000).length;
      sums.pages += 1;
    }
  }
  await Promise.all(Array.from({ length: task.concurrency }, work));
  return sums;
}

serveTasks(crawl);
