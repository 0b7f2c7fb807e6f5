import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { parsePageAddress } from "../domain/page-address.ts";
import type { PageReader } from "../fetching/page-reader.ts";
import { isWanted } from "../fetching/path-pattern.ts";
import { isSameSite, type SiteMapReader } from "../fetching/site-map.ts";

interface Services {
  pages: PageReader;
  siteMaps: SiteMapReader;
}

const mostPages = 50_000;
const siteMapMs = 30_000;
const Patterns = z.array(z.string().min(1).max(200)).max(20).default([]);

export const mapSite = defineTool({
  name: "map_site",
  title: "List the addresses of a site",
  description:
    "Lists the pages of a site without reading them: those of its sitemaps, or else those its page links to.\n" +
    "- Use to see what a site has before crawl_site or fetch_page, or to find one page by its address.\n" +
    '- Example: {"url": "https://example.com/", "include": ["*pricing*"], "limit": 50}',
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  items: "addresses",
  input: z.strictObject({
    url: z.string().min(1).max(8_192).describe("The full http(s) address of a page of the site."),
    include: Patterns.describe("Only paths that fit one of these, e.g. /blog/*. A star stands for anything."),
    exclude: Patterns.describe("No paths that fit one of these."),
    limit: z.int().min(1).max(500).default(100).describe("Addresses in this answer."),
  }),
  output: z.object({
    addresses: z.array(
      z.object({
        url: z.string(),
        lastModified: z.string().nullable().describe("As the site says, ISO 8601."),
      }),
    ),
    total: z.int().describe("Addresses that fit."),
    foundBy: z.enum(["sitemap", "links"]),
    sitemaps: z.array(z.string()).describe("Sitemaps that were read."),
    isPartial: z.boolean().describe("The site lists more than was read."),
    untrusted: z.literal(true).describe("Addresses were written by others."),
    source: Source,
  }),
  async run(input, { services, signal }: ToolContext<Services>) {
    const url = parsePageAddress(input.url);
    const map = await services.siteMaps.read(url, { maxPages: mostPages, forMs: siteMapMs, signal });
    const isListed = map.pages.length > 0;
    const found = isListed ? map.pages : await linkedPages(url, services.pages, signal);
    const fitting = found.filter((entry) => isWanted(entry.url, input));
    return {
      addresses: fitting.slice(0, input.limit).map((entry) => ({
        url: entry.url,
        lastModified: entry.lastModified === null ? null : new Date(entry.lastModified).toISOString(),
      })),
      total: fitting.length,
      foundBy: isListed ? ("sitemap" as const) : ("links" as const),
      sitemaps: map.sitemaps,
      isPartial: map.isPartial || !isListed,
      untrusted: true as const,
      source: { service: "zenrows", mode: "local" as const, costUsd: 0 },
    };
  },
});

async function linkedPages(url: string, pages: PageReader, signal: AbortSignal) {
  const { links, finalUrl } = await pages.read(url, signal, { wantLinks: true });
  const own = links.filter((link) => isSameSite(link, finalUrl));
  return [...new Set([finalUrl, ...own])].map((link) => ({ url: link, lastModified: null }));
}
