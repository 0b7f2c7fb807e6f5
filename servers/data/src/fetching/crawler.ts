import { createHash } from "node:crypto";
import { AppError, type ErrorKind } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import { toCanonicalKey, toDocumentKey } from "../dedup/canonical-url.ts";
import type { PageReader } from "./page-reader.ts";
import { isWanted, type PathFilter } from "./path-pattern.ts";
import { isSameSite, type SiteMapReader } from "./site-map.ts";

export interface CrawlRequest extends PathFilter {
  startUrl: string;
  /** Pages asked for at most, those that fail included. */
  maxPages: number;
  /** Links followed from the start page; 0 reads that page alone. */
  maxDepth: number;
}

export interface CrawledPage {
  documentId: string;
  url: string;
  title: string | null;
  state: "new" | "changed" | "unchanged";
  depth: number;
}

export interface CrawlFailure {
  url: string;
  code: ErrorKind;
  message: string;
}

export interface CrawlResult {
  pages: CrawledPage[];
  failures: CrawlFailure[];
  /** Addresses that turned out to be a page that was there already. */
  duplicates: number;
  /** Addresses that were found and not asked for, because of `maxPages`. */
  notRead: number;
}

export interface CrawlOptions {
  signal: AbortSignal;
  /** Makes a page's visit durable: a visit that is done is not made again, its result (JSON) is given instead. */
  step?<T>(name: string, work: () => Promise<T>): Promise<T>;
  onPage?(progress: { done: number; total: number }): void;
}

export interface Crawler {
  /** Reads the pages of one site, breadth first, each once. Every page is stored when its visit ends. */
  crawl(request: CrawlRequest, options: CrawlOptions): Promise<CrawlResult>;
}

type Visit = { key: string; page: CrawledPage; links: string[] } | { failure: CrawlFailure };

/** As many as one host is asked at a time. */
const inFlight = 2;
const maxWaiting = 20_000;
const linksKept = 300;
const siteMapMs = 60_000;
/** "Come back later" is heeded this often for one page, and this long at most. */
const maxLater = 3;
const maxLaterMs = 120_000;
/** The page's own trouble. All else is ours, and ends the crawl to be taken up again. */
const pageFailures: ReadonlySet<ErrorKind> = new Set([
  "upstream",
  "timeout",
  "denied",
  "not_found",
  "rate_limited",
  "invalid_input",
]);

export function createCrawler(options: { pages: PageReader; siteMaps: SiteMapReader; clock: Clock }): Crawler {
  return { crawl: (request, run) => new Crawl(options, request, run).run() };
}

class Crawl {
  readonly #parts: Parameters<typeof createCrawler>[0];
  readonly #request: CrawlRequest;
  readonly #run: CrawlOptions;
  readonly #queue: { url: string; depth: number }[] = [];
  readonly #seen = new Set<string>();
  readonly #kept = new Set<string>();
  readonly #result: CrawlResult = { pages: [], failures: [], duplicates: 0, notRead: 0 };
  #taken = 0;
  #home: string;
  #isListed = false;

  constructor(parts: Parameters<typeof createCrawler>[0], request: CrawlRequest, run: CrawlOptions) {
    this.#parts = parts;
    this.#request = request;
    this.#run = run;
    this.#home = request.startUrl;
  }

  async run(): Promise<CrawlResult> {
    const { startUrl, maxDepth, maxPages } = this.#request;
    this.#seen.add(toCanonicalKey(startUrl) ?? startUrl);
    // Alone and first: where it leads says which site is meant.
    await this.#take({ url: startUrl, depth: 0 });
    if (maxDepth > 0 && maxPages > 1) await this.#addListed();
    const active = new Set<Promise<void>>();
    try {
      while (this.#fill(active) > 0) await Promise.race(active);
    } finally {
      await Promise.allSettled(active);
    }
    this.#result.notRead = this.#queue.length;
    return this.#result;
  }

  #fill(active: Set<Promise<void>>): number {
    this.#run.signal.throwIfAborted();
    while (active.size < inFlight && this.#taken < this.#request.maxPages) {
      const next = this.#queue.shift();
      if (!next) break;
      const visit: Promise<void> = this.#take(next).finally(() => active.delete(visit));
      active.add(visit);
    }
    return active.size;
  }

  async #addListed(): Promise<void> {
    const { maxPages } = this.#request;
    const read = async () => {
      const limits = { maxPages: maxPages * 2, forMs: siteMapMs, signal: this.#run.signal };
      const map = await this.#parts.siteMaps.read(this.#home, limits).catch((error: unknown) => {
        if (error instanceof AppError && pageFailures.has(error.kind)) return undefined;
        throw error;
      });
      return map?.pages.map(({ url }) => url) ?? [];
    };
    const listed = await this.#step("site-map", read);
    for (const url of listed) this.#add(url, 1);
    this.#isListed = this.#queue.length >= maxPages;
  }

  #add(url: string, depth: number): void {
    if (!this.#isNew(url) || this.#queue.length >= maxWaiting) return;
    this.#seen.add(toCanonicalKey(url) ?? url);
    this.#queue.push({ url, depth });
  }

  #isNew(url: string): boolean {
    return !this.#seen.has(toCanonicalKey(url) ?? url) && isSameSite(url, this.#home) && isWanted(url, this.#request);
  }

  async #take(target: { url: string; depth: number }): Promise<void> {
    this.#taken += 1;
    const name = `page-${createHash("sha256").update(target.url).digest("hex").slice(0, 40)}`;
    const visit = await this.#step(name, () => this.#visit(target));
    if ("failure" in visit) this.#result.failures.push(visit.failure);
    else this.#keep(visit);
    const done = this.#result.pages.length + this.#result.failures.length + this.#result.duplicates;
    this.#run.onPage?.({ done, total: Math.min(this.#request.maxPages, this.#taken + this.#queue.length) });
  }

  #keep({ key, page, links }: Extract<Visit, { page: unknown }>): void {
    if (page.depth === 0) this.#home = page.url;
    if (this.#kept.has(key)) this.#result.duplicates += 1;
    else this.#result.pages.push(page);
    this.#kept.add(key);
    this.#seen.add(toCanonicalKey(page.url) ?? page.url);
    for (const link of links) this.#add(link, page.depth + 1);
  }

  async #visit({ url, depth }: { url: string; depth: number }): Promise<Visit> {
    try {
      const wantLinks = depth < this.#request.maxDepth && !this.#isListed;
      const { saved, page, finalUrl, links } = await this.#readPatiently(url, wantLinks);
      if (depth === 0) this.#home = finalUrl;
      return {
        key: toDocumentKey(finalUrl, page.canonicalUrl) ?? finalUrl,
        page: { documentId: saved.id, url: finalUrl, title: page.title, state: saved.state, depth },
        links: wantLinks ? links.filter((link) => this.#isNew(link)).slice(0, linksKept) : [],
      };
    } catch (error) {
      if (!(error instanceof AppError) || !pageFailures.has(error.kind)) throw error;
      return { failure: { url, code: error.kind, message: error.message } };
    }
  }

  async #readPatiently(url: string, wantLinks: boolean) {
    const { signal } = this.#run;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#parts.pages.read(url, signal, { wantLinks });
      } catch (error) {
        const isLater = error instanceof AppError && error.kind === "rate_limited";
        if (!isLater || tries > maxLater) throw error;
        await this.#parts.clock.sleep(Math.min(error.retryAfterMs ?? 5_000, maxLaterMs), signal);
      }
    }
  }

  #step<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#run.step ? this.#run.step(name, work) : work();
  }
}
