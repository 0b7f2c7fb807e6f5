import { randomUUID } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import { fenceUntrusted } from "../domain/fence-untrusted.ts";
import { parsePageAddress } from "../domain/page-address.ts";
import type { Taken } from "../watching/entry-store.ts";
import type { Watches } from "../watching/watches.ts";
import type { Watch } from "../watching/watch-store.ts";

interface Services {
  watches: Watches;
}

/** Below the deadline, so that slow sources answer later instead of with an error. */
const waitMs = 45_000;

const Input = z.strictObject({
  sources: z
    .array(z.string().min(1).max(8_192))
    .max(10)
    .optional()
    .describe("Addresses of feeds, or of pages: their feed is found, and a page without one is watched itself."),
  topic: z
    .string()
    .trim()
    .min(1)
    .max(300)
    .optional()
    .describe("Only entries with all these words; commas part alternatives. Alone it is searched in the news service."),
  every: z.enum(["15m", "1h", "6h", "1d"]).default("1h").describe("How often the sources are read."),
  watchId: z.string().max(100).optional().describe("An earlier watch: answers what is new since your last call."),
  stop: z.boolean().default(false).describe("With watchId: end it. What was stored stays."),
  again: z.boolean().default(false).describe("With watchId: give the last answer's entries once more."),
  limit: z.int().min(1).max(100).default(30).describe("Entries in this answer."),
  cursor: Cursor,
});

const Output = z.object({
  watches: z
    .array(
      z.object({
        watchId: z.string(),
        topic: z.string().nullable(),
        every: z.string(),
        checkedAt: z.string().nullable().describe("When its sources were last read, ISO 8601."),
        unread: z.int().describe("Entries you have not been given."),
        costUsd: z.number().describe("Spent on it so far."),
        sources: z.array(
          z.object({
            url: z.string().describe("Empty for the news service."),
            kind: z.enum(["feed", "page", "news"]).nullable(),
            feedUrl: z.string().nullable(),
            problem: z.string().nullable().describe("Why it could not be read the last time."),
          }),
        ),
      }),
    )
    .describe("The watch asked for, or all of yours."),
  entries: z
    .array(
      z.object({
        url: z.string().nullable(),
        title: z.string().nullable(),
        author: z.string().nullable(),
        publishedAt: z.string().nullable().describe("ISO 8601."),
        foundAt: z.string().describe("ISO 8601."),
        state: z.enum(["new", "changed"]),
        summary: z.string(),
        sourceUrl: z.string(),
        documentId: z.string().nullable().describe("For get_document; null while its page has not been read."),
      }),
    )
    .describe("What is new, oldest first."),
  waiting: z.int().describe("New entries beyond these: call again."),
  nextCursor: NextCursor,
  note: z.string().nullable(),
  untrusted: z.literal(true).describe("Titles and summaries were written by others."),
  source: Source,
});

export const watchTopic = defineTool({
  name: "watch_topic",
  title: "Watch a topic",
  description: `Watches feeds, pages or a news topic on a schedule, keeps what appears for search_documents, and tells what is new since you last asked.
- Use to follow competitors' blogs, release notes, news. Begin with sources, a topic, or both.
- Ask again with the watchId; without arguments it lists your watches; with stop it ends one.
- For one reading of a feed use fetch_feed.
Example: {"sources": ["https://example.com/blog"], "topic": "pricing, release", "every": "6h"}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  items: "entries",
  input: Input,
  output: Output,
  async run(input, { services, caller, signal }: ToolContext<Services>) {
    const { watches } = services;
    const { sources, topic, watchId, stop } = input;
    const isNew = sources !== undefined || topic !== undefined;
    if (isNew && watchId !== undefined) throw twoQuestions();
    if (stop) return await end(watches, watchId, caller.id);
    if (!isNew && watchId === undefined) return list(await watches.list(caller.id));
    const id = watchId ?? (await begin(input, watches, caller.id));
    const before = await watches.find(id, caller.id);
    if (before.checked_at === null) await watches.wait(id, { forMs: waitMs, signal });
    const after = readCursor(input.cursor, id, z.int().min(0).max(Number.MAX_SAFE_INTEGER));
    const taken = await watches.take(id, caller.id, {
      limit: input.limit,
      again: input.again,
      ...(after !== undefined && { after }),
    });
    const watch = await watches.find(id, caller.id);
    return toOutput(watch, taken, { costUsd: watch.cost_usd - before.cost_usd, news: watches.news });
  },
  render,
});

async function begin({ sources, topic, every }: z.output<typeof Input>, watches: Watches, caller: string) {
  const urls = (sources ?? []).map(parsePageAddress);
  return (await watches.start({ urls, topic: topic ?? null, every }, caller)).id;
}

async function end(watches: Watches, watchId: string | undefined, caller: string): Promise<z.input<typeof Output>> {
  if (watchId === undefined) {
    throw new AppError("invalid_input", "Which watch is to be ended?", {
      hint: "Give its watchId; watch_topic without arguments lists yours.",
    });
  }
  await watches.stop(watchId, caller);
  return { ...list(await watches.list(caller)), note: "Ended. What was stored stays; these are your other watches." };
}

function twoQuestions(): AppError {
  return new AppError("invalid_input", "Sources and topic begin a watch, watchId names an earlier one.", {
    hint: "Give one or the other. To change a watch, end it and begin another.",
  });
}

function toWatch(watch: Watch, unread: number): z.input<typeof Output>["watches"][number] {
  return {
    watchId: watch.id,
    topic: watch.topic,
    every: watch.every,
    checkedAt: toIso(watch.checked_at),
    unread,
    costUsd: watch.cost_usd,
    sources: watch.sources.map((source) => ({
      url: source.url,
      kind: source.kind,
      feedUrl: source.feed_url,
      problem: source.failure_message,
    })),
  };
}

function list(watches: readonly (Watch & { unread: number })[]): z.input<typeof Output> {
  return {
    watches: watches.map((watch) => toWatch(watch, watch.unread)),
    entries: [],
    waiting: 0,
    note: watches.length === 0 ? "You watch nothing yet." : null,
    untrusted: true,
    source: { service: "twingly", mode: "local", costUsd: 0 },
  };
}

function toOutput(
  watch: Watch,
  { entries, waiting }: Taken,
  { costUsd, news }: { costUsd: number; news: Watches["news"] },
): z.input<typeof Output> {
  const last = entries.at(-1)?.sequence;
  const asksNews = news !== undefined && watch.sources.some(({ url }) => url === "");
  return {
    watches: [toWatch(watch, waiting)],
    entries: entries.map((entry) => ({
      url: entry.url,
      title: entry.title,
      author: entry.author,
      publishedAt: toIso(entry.publishedAt),
      foundAt: new Date(entry.foundAt).toISOString(),
      state: entry.state,
      summary: entry.summary,
      sourceUrl: entry.sourceUrl,
      documentId: entry.documentId,
    })),
    waiting,
    ...(waiting > 0 && last !== undefined && { nextCursor: toCursor(last, watch.id) }),
    note: describe(watch, entries.length),
    untrusted: true,
    source: {
      // DESIGN 2: without an account the feeds stand in for the news service.
      service: asksNews ? news.service : "twingly",
      mode: asksNews ? news.mode : "local",
      costUsd,
      ...(watch.checked_at !== null && { asOf: new Date(watch.checked_at).toISOString() }),
    },
  };
}

function toIso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function describe({ id, checked_at: checkedAt, sources }: Watch, shown: number): string | null {
  if (checkedAt === null) return `The sources are still being read. Call watch_topic with {"watchId": "${id}"}.`;
  const broken = sources.filter(({ failure_code: code }) => code !== null).length;
  if (broken === sources.length) return "No source could be read; each says why. It is tried again on schedule.";
  if (broken > 0) return `${broken} of ${sources.length} sources could not be read; each says why.`;
  return shown === 0 ? "Nothing new since you last asked." : null;
}

function render(output: z.output<typeof Output>): string {
  const watches = output.watches.map(
    ({ watchId, topic, every, checkedAt, unread, sources }) =>
      `Watch ${watchId}: ${topic === null ? "" : `"${topic}" in `}${sources.map(({ url }) => url || "the news").join(", ")}, ` +
      `every ${every}, last read ${checkedAt ?? "never"}, ${unread} unread` +
      sources.map(({ url, problem }) => (problem === null ? "" : `\n  ${url || "news"}: ${problem}`)).join(""),
  );
  const lines = output.entries.map((entry) =>
    [
      `- ${entry.state === "changed" ? "[changed] " : ""}${entry.title ?? "Untitled"}`,
      entry.publishedAt && `(${entry.publishedAt.slice(0, 16)})`,
      entry.url,
      entry.documentId && `document ${entry.documentId}`,
      entry.summary && `\n  ${entry.summary}`,
    ]
      .filter(Boolean)
      .join(" "),
  );
  const fence = { id: randomUUID(), url: "the watched sources", fetchedAt: output.source.asOf ?? "at an unknown time" };
  const text = lines.length === 0 ? undefined : fenceUntrusted(lines.join("\n"), fence);
  return [output.note, ...watches, text].filter(Boolean).join("\n\n");
}
