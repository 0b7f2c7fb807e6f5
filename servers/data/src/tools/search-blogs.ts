import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { parseMoment } from "../domain/parse-moment.ts";
import { requireVendor, type Vendors } from "../domain/reached-vendors.ts";

interface Services {
  vendors: Pick<Vendors, "twingly">;
}

export const searchBlogs = defineTool({
  name: "search_blogs",
  title: "Search blogs",
  description: `Searches blog posts of the last twelve months through Twingly, the newest first.
- Use for what people write on a subject. query takes words, "phrases", AND, OR, -word, tag:, blog: and fields:title. Texts are licensed: only their beginnings are shown. Go on with until set to the oldest publishedAt.
- Without an account, watch_topic and fetch_feed read the feeds of blogs you name.
Example: {"query": "\\"electric cars\\" -tesla", "language": "sv", "since": "2026-11-01"}`,
  effect: "read",
  openWorld: true,
  items: "posts",
  input: z.strictObject({
    query: z.string().min(1).max(1_000).describe("In Twingly's search language."),
    language: z
      .string()
      .regex(/^[a-z]{2}$/)
      .optional()
      .describe("ISO 639-1, e.g. sv."),
    since: z.string().max(40).optional().describe("Published on or after, ISO 8601."),
    until: z.string().max(40).optional().describe("Published on or before, ISO 8601."),
    limit: z.int().min(1).max(100).default(20).describe("Posts in this answer."),
  }),
  output: z.object({
    posts: z.array(
      z.object({
        id: z.string().describe("Of up to 64 bits: a text."),
        url: z.string(),
        title: z.string().nullable(),
        author: z.string().nullable(),
        blog: z.string().nullable(),
        authority: z.number().nullable().describe("How much others link to the blog."),
        language: z.string().nullable(),
        publishedAt: z.string().nullable(),
        snippet: z.string(),
        tags: z.array(z.string()),
      }),
    ),
    total: z.int().describe("How many match; a query reaches 1,000 of them."),
    isIncomplete: z.boolean().describe("Twingly's servers did not all answer in time: there may be more."),
    untrusted: z.literal(true).describe("Written by others, and licensed."),
    source: Source,
  }),
  async run({ query, language, since, until, limit }, { services, signal }: ToolContext<Services>) {
    const { client, mode } = requireVendor(services.vendors, "twingly");
    const [from, to] = [parseMoment(since, "since"), parseMoment(until, "until")];
    const times = { ...(from !== undefined && { since: from }), ...(to !== undefined && { until: to }) };
    const wish = { query, size: limit, ...(language !== undefined && { language }), ...times };
    const { posts, totalMatches, isIncomplete } = await client.searchBlogs(wish, signal);
    return {
      posts: posts.map(({ id, url, title, author, blog, language: written, publishedAt, snippet, tags }) => ({
        id,
        url,
        title,
        author,
        blog: blog.name,
        authority: blog.authority,
        language: written,
        publishedAt: publishedAt === null ? null : new Date(publishedAt).toISOString(),
        snippet,
        tags: tags.slice(0, 20),
      })),
      total: totalMatches,
      isIncomplete,
      untrusted: true as const,
      source: { service: "twingly", mode, costUsd: 0 },
    };
  },
});
