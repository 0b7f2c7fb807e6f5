import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { parseMoment } from "../domain/parse-moment.ts";
import { requireVendor, type Vendors } from "../domain/reached-vendors.ts";

interface Services {
  vendors: Pick<Vendors, "twingly">;
}

const Words = z.array(z.string().min(1).max(200)).max(50).optional();

export const searchNews = defineTool({
  name: "search_news",
  title: "Search the news",
  description: `Searches news articles through Twingly by words, languages, countries and time, the newest first.
- Use for what papers wrote on a subject. Texts are licensed: only their beginnings are shown. Go on with until set to the oldest receivedAt.
- Without an account, watch_topic and fetch_feed read the feeds of papers you name.
Example: {"all": ["battery"], "languages": ["sv"], "since": "2026-11-01", "limit": 20}`,
  effect: "read",
  openWorld: true,
  items: "articles",
  input: z.strictObject({
    all: Words.describe("All of these words or phrases."),
    any: Words.describe("Any of these."),
    none: Words.describe("None of these."),
    languages: z
      .array(z.string().regex(/^[a-z]{2}$/))
      .max(20)
      .optional()
      .describe("ISO 639-1, e.g. sv."),
    countries: z
      .array(z.string().regex(/^[a-z]{2}$/))
      .max(20)
      .optional()
      .describe("ISO 3166-1, e.g. se."),
    domains: z.array(z.string().min(1).max(253)).max(50).optional().describe("Only these sites."),
    since: z.string().max(40).optional().describe("Received on or after, ISO 8601."),
    until: z.string().max(40).optional().describe("Received on or before, ISO 8601."),
    limit: z.int().min(1).max(100).default(20).describe("Articles in this answer."),
  }),
  output: z.object({
    articles: z.array(
      z.object({
        id: z.string().describe("Of up to 64 bits: a text."),
        url: z.string(),
        title: z.string().nullable(),
        site: z.string().nullable(),
        language: z.string().nullable(),
        publishedAt: z.string().nullable(),
        receivedAt: z.string().nullable(),
        snippet: z.string(),
        isPaywalled: z.boolean().nullable(),
      }),
    ),
    estimatedTotal: z.int(),
    untrusted: z.literal(true).describe("Written by others, and licensed by their publishers."),
    source: Source,
  }),
  async run({ since, until, limit, ...wish }, { services, signal }: ToolContext<Services>) {
    const { client, mode } = requireVendor(services.vendors, "twingly");
    const [from, to] = [parseMoment(since, "since"), parseMoment(until, "until")];
    const times = { ...(from !== undefined && { since: from }), ...(to !== undefined && { until: to }) };
    const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
    const { articles, estimatedTotal } = await client.searchNews({ ...given, ...times, size: limit }, signal);
    return {
      articles: articles.map(({ id, url, title, site, language, publishedAt, receivedAt, snippet, isPaywalled }) => ({
        id,
        url,
        title,
        site: site.name,
        language,
        publishedAt: toText(publishedAt),
        receivedAt: toText(receivedAt),
        snippet,
        isPaywalled,
      })),
      estimatedTotal: Math.round(estimatedTotal),
      untrusted: true as const,
      source: { service: "twingly", mode, costUsd: 0 },
    };
  },
});

function toText(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
