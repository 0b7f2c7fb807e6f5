import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import { toSite } from "../domain/page-address.ts";
import type { PageFetcher } from "./page-fetcher.ts";
import { parseSitemap, type SitemapEntry } from "./parse-sitemap.ts";
import type { RobotsCache } from "./robots-cache.ts";

export interface SiteMap {
  /** Pages of the same site, once each, in the order of the files. */
  pages: SitemapEntry[];
  /** Sitemaps that were read. */
  sitemaps: string[];
  /** There was more than the limits allow, or the time was over. */
  isPartial: boolean;
}

export interface SiteMapReader {
  /**
   * The pages that a site itself lists: in the sitemaps its robots.txt names, else in /sitemap.xml; an index is
   * followed two levels deep. A file that cannot be read is left out.
   */
  read(url: string, limits: { maxPages: number; forMs: number; signal: AbortSignal }): Promise<SiteMap>;
}

const maxFiles = 50;
const maxLevels = 2;

export function isSameSite(left: string, right: string): boolean {
  return toSite(left) === toSite(right) && new URL(left).port === new URL(right).port;
}

export function createSiteMapReader(options: {
  fetcher: PageFetcher;
  robots: RobotsCache;
  clock: Clock;
}): SiteMapReader {
  const { fetcher, robots, clock } = options;

  async function readFile(address: string, signal: AbortSignal) {
    try {
      const { body, finalUrl } = await fetcher.fetch(address, signal);
      return await parseSitemap(body, finalUrl, signal);
    } catch (error) {
      if (error instanceof AppError) return undefined;
      throw error;
    }
  }

  return {
    async read(url, { maxPages, forMs, signal }) {
      const endsAt = clock.monotonic() + forMs;
      const { sitemaps } = await robots.policyFor(url, signal);
      const named = sitemaps.map((address) => URL.parse(address, url)?.href).filter((address) => address !== undefined);
      const first = named.length > 0 ? named : [new URL("/sitemap.xml", url).href];
      const waiting = first.map((address) => ({ address, level: 0 }));
      const asked = new Set<string>();
      const read: string[] = [];
      const pages = new Map<string, SitemapEntry>();
      let isPartial = false;
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        if (asked.has(next.address) || next.level > maxLevels) continue;
        if (asked.size >= maxFiles || pages.size >= maxPages || clock.monotonic() >= endsAt) {
          isPartial = true;
          break;
        }
        asked.add(next.address);
        const file = await readFile(next.address, signal);
        if (!file) continue;
        read.push(next.address);
        const level = next.level + 1;
        waiting.push(...file.sitemaps.slice(0, maxFiles).map((address) => ({ address, level })));
        for (const entry of file.pages) {
          if (!isSameSite(entry.url, url)) continue;
          if (pages.size < maxPages) pages.set(entry.url, entry);
          else isPartial = true;
        }
      }
      return { pages: [...pages.values()], sitemaps: read, isPartial };
    },
  };
}
