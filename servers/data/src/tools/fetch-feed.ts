import { randomUUID } from "node:crypto";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { fenceUntrusted } from "../domain/fence-untrusted.ts";
import { parsePageAddress } from "../domain/page-address.ts";
import { parseMoment } from "../domain/parse-moment.ts";
import type { FeedReader } from "../feeds/feed-reader.ts";

interface Services {
  feeds: Pick<FeedReader, "read">;
}

export const fetchFeed = defineTool({
  name: "fetch_feed",
  title: "Read a feed",
  description:
    "Reads the RSS, Atom or JSON feed of a site and lists its entries, newest first.\n" +
    "- Use to see what a site has published of late. The address may be the feed's own or that of a page which names it.\n" +
    "- For the text of an entry use fetch_page with its url.\n" +
    '- Example: {"url": "https://example.com/blog", "since": "2026-11-01"}',
  effect: "read",
  openWorld: true,
  deadlineMs: 50_000,
  items: "entries",
  input: z.strictObject({
    url: z.string().min(1).max(8_192).describe("The full http(s) address of a feed, or of a page that has one."),
    since: z.string().max(40).optional().describe("Only entries published on or after this date, ISO 8601."),
    limit: z.int().min(1).max(200).default(30).describe("Entries in this answer."),
  }),
  output: z.object({
    feedUrl: z.string(),
    format: z.enum(["rss", "atom", "json"]),
    title: z.string().nullable(),
    entries: z.array(
      z.object({
        id: z.string().describe("Stays the same from one reading to the next."),
        url: z.string().nullable(),
        title: z.string().nullable(),
        author: z.string().nullable(),
        publishedAt: z.string().nullable().describe("ISO 8601."),
        summary: z.string(),
      }),
    ),
    total: z.int().describe("Entries that fit, at most 200."),
    isNotModified: z.boolean().describe("The site says that nothing has changed since it was last read."),
    untrusted: z.literal(true).describe("All texts were written by others."),
    source: Source,
  }),
  async run(input, { services, signal }: ToolContext<Services>) {
    const since = parseMoment(input.since, "since");
    const feed = await services.feeds.read(parsePageAddress(input.url), signal);
    const fitting = feed.entries
      .filter(({ publishedAt }) => since === undefined || (publishedAt !== null && publishedAt >= since))
      .toSorted((left, right) => (right.publishedAt ?? 0) - (left.publishedAt ?? 0));
    return {
      feedUrl: feed.feedUrl,
      format: feed.format,
      title: feed.title,
      entries: fitting.slice(0, input.limit).map((entry) => ({
        ...entry,
        publishedAt: entry.publishedAt === null ? null : new Date(entry.publishedAt).toISOString(),
      })),
      total: fitting.length,
      isNotModified: feed.isNotModified,
      untrusted: true as const,
      source: { service: "zenrows", mode: "local" as const, costUsd: 0, asOf: new Date(feed.readAt).toISOString() },
    };
  },
  render(output) {
    const lines = output.entries.map((entry) =>
      [
        `- ${entry.title ?? "Untitled"}`,
        entry.publishedAt && `(${entry.publishedAt})`,
        entry.author && `by ${entry.author}`,
        entry.url,
        entry.summary && `\n  ${entry.summary}`,
        `\n  id: ${entry.id}`,
      ]
        .filter(Boolean)
        .join(" "),
    );
    const head = `${output.total} entries fit, ${output.entries.length} shown (${output.format}${output.isNotModified ? ", not modified" : ""}).`;
    const text = [output.title, ...lines].filter(Boolean).join("\n");
    const fence = { id: randomUUID(), url: output.feedUrl, fetchedAt: output.source.asOf ?? "at an unknown time" };
    return `${head}\n\n${fenceUntrusted(text, fence)}`;
  },
});
