import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import { parsePageAddress } from "../domain/page-address.ts";
import type { CrawlReport, Crawls } from "../fetching/crawls.ts";

interface Services {
  crawls: Crawls;
}

/** Below the deadline, so that a long crawl answers with its id instead of an error. */
const waitMs = 45_000;
const pagesShown = 100;
const failuresShown = 20;
const Patterns = z.array(z.string().min(1).max(200)).max(20).default([]);

const Input = z.strictObject({
  url: z.string().min(1).max(8_192).optional().describe("Where to begin: the full http(s) address of a page."),
  maxPages: z.int().min(1).max(500).default(25).describe("Pages asked for at most, failures included."),
  maxDepth: z.int().min(0).max(10).default(3).describe("Links followed from the first page."),
  include: Patterns.describe("Only paths that fit one of these, e.g. /blog/*. A star stands for anything."),
  exclude: Patterns.describe("No paths that fit one of these, e.g. */print."),
  crawlId: z.string().max(100).optional().describe("An earlier crawl to look at, instead of a new one."),
  stop: z.boolean().default(false).describe("With crawlId: end that crawl. What it has read stays."),
  cursor: Cursor,
});

const Output = z.object({
  crawlId: z.string(),
  state: z.enum(["running", "done", "stopped", "failed"]),
  url: z.string().describe("Where it began."),
  done: z.int().describe("Addresses dealt with."),
  total: z.int().describe("Addresses known so far, at most maxPages."),
  pages: z
    .array(
      z.object({
        documentId: z.string().describe("For get_document."),
        url: z.string(),
        title: z.string().nullable(),
        state: z.enum(["new", "changed", "unchanged"]).describe("Compared with what was kept of this page."),
        depth: z.int(),
      }),
    )
    .describe("Empty until the crawl has ended; until then list_documents shows what was read."),
  failures: z.array(z.object({ url: z.string(), code: z.string(), message: z.string() })),
  failed: z.int().describe("How many addresses failed in all."),
  duplicates: z.int().describe("Addresses that led to a page that was there already."),
  notRead: z.int().describe("Addresses found and left out because of maxPages."),
  nextCursor: NextCursor,
  note: z.string().nullable(),
  untrusted: z.literal(true).describe("Titles and addresses were written by others."),
  source: Source,
});

export const crawlSite = defineTool({
  name: "crawl_site",
  title: "Read a whole site",
  description: `Reads the pages of one site, found through its sitemap and its links, and keeps each for search_documents.
- Use when more than a few pages of a site are needed. For one page use fetch_page; for addresses only, map_site.
- robots.txt is respected, and a site is asked once a second at most: 25 pages take about half a minute.
- A long crawl goes on by itself: call again with its crawlId, or end it with crawlId and stop.
Example: {"url": "https://example.com/docs/", "include": ["/docs/*"], "maxPages": 50}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  items: "pages",
  input: Input,
  output: Output,
  async run(input, { services, caller, signal, progress }: ToolContext<Services>) {
    const { crawls } = services;
    const id = input.crawlId ?? (await crawls.start(toRequest(input), caller.id));
    if (input.stop) await crawls.stop(id, caller.id);
    await crawls.report(id, caller.id);
    await crawls.wait(id, { forMs: waitMs, signal, onProgress: progress });
    const offset = readCursor(input.cursor, id, z.int().min(0).max(10_000)) ?? 0;
    return toOutput(await crawls.report(id, caller.id), offset);
  },
});

function toRequest({ url, maxPages, maxDepth, include, exclude, stop }: z.output<typeof Input>) {
  if (url === undefined || stop) {
    throw new AppError("invalid_input", "A new crawl needs a url, and only an earlier one can be ended.", {
      hint: 'Give {"url": "https://example.com/"}, or the crawlId of an earlier crawl.',
    });
  }
  return { startUrl: parsePageAddress(url), maxPages, maxDepth, include, exclude };
}

const states = {
  queued: "running",
  running: "running",
  succeeded: "done",
  aborted: "stopped",
  failed: "failed",
  unknown: "failed",
} as const;

function toOutput(report: CrawlReport, offset: number): z.input<typeof Output> {
  const { id, result } = report;
  const pages = result?.pages ?? [];
  const next = offset + pagesShown;
  const failures = result?.failures ?? [];
  return {
    crawlId: id,
    state: states[report.state],
    url: report.startUrl,
    done: report.done,
    total: report.total,
    pages: pages.slice(offset, next),
    failures: failures.slice(0, failuresShown),
    failed: failures.length,
    duplicates: result?.duplicates ?? 0,
    notRead: result?.notRead ?? 0,
    ...(next < pages.length && { nextCursor: toCursor(next, id) }),
    note: describe(report),
    untrusted: true,
    source: { service: "zenrows", mode: "local", costUsd: 0 },
  };
}

function describe({ id, state, error }: CrawlReport): string | null {
  if (state === "queued" || state === "running") return `Still reading. Call crawl_site with {"crawlId": "${id}"}.`;
  if (state === "aborted") return "Ended on request. list_documents shows what was read.";
  return error?.message ?? null;
}
