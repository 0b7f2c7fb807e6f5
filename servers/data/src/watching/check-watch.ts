import { createHash } from "node:crypto";
import { AppError, type ErrorKind } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { DocumentStore } from "../documents/document-store.ts";
import type { FeedReader } from "../feeds/feed-reader.ts";
import type { FeedEntry } from "../feeds/parse-feed.ts";
import type { PageReader } from "../fetching/page-reader.ts";
import type { EntryStore, FoundEntry, KeptEntry } from "./entry-store.ts";
import { toEntryPage } from "./entry-page.ts";
import type { TopicNews } from "./topic-news.ts";
import { isAbout } from "./topic-words.ts";
import type { WatchSourceRow } from "./watch-tables.ts";
import type { Watch, WatchStore } from "./watch-store.ts";

export interface WatchParts {
  feeds: Pick<FeedReader, "readChanged">;
  pages: PageReader;
  documents: Pick<DocumentStore, "save">;
  watches: Pick<WatchStore, "find" | "noteSource" | "noteCheck">;
  entries: Omit<EntryStore, "take">;
  /** The news service, when there is an account of it. */
  news: TopicNews | undefined;
  clock: Clock;
}

/** Pages of entries read in one check, each at its host's pace; the rest waits for the next. */
const maxPages = 30;
const inFlight = 2;
const firstNewsMs = 7 * 24 * 60 * 60_000;
const newsLimit = 100;
/** The source's own trouble, told with it. All else is ours and ends the check to be taken up again. */
const sourceFailures: ReadonlySet<ErrorKind> = new Set([
  "upstream",
  "timeout",
  "denied",
  "not_found",
  "not_configured",
  "budget_exceeded",
  "rate_limited",
  "invalid_input",
]);
/** Trouble that may be over at the next check. */
const passing: ReadonlySet<ErrorKind> = new Set(["upstream", "timeout", "rate_limited"]);

/** Reads what a watch's sources have now, notes what is new or has changed, and stores its pages. Undefined: it is gone. */
export async function checkWatch(
  id: string,
  parts: WatchParts,
  signal: AbortSignal,
): Promise<{ found: number } | undefined> {
  const watch = await parts.watches.find(id);
  if (!watch) return undefined;
  let found = 0;
  let costUsd = 0;
  // Hosts pace themselves, so that the sources need not wait for each other.
  await Promise.all(
    watch.sources.map(async (source) => {
      const outcome = await checkSource(watch, source, { parts, signal });
      found += outcome.found;
      costUsd += outcome.costUsd;
    }),
  );
  await parts.watches.noteCheck(id, costUsd);
  await storePages(id, parts, signal);
  await parts.entries.tidy(id);
  return { found };
}

interface Check {
  parts: WatchParts;
  signal: AbortSignal;
}

async function checkSource(watch: Watch, source: WatchSourceRow, check: Check) {
  const { parts, signal } = check;
  const note = { checked_at: parts.clock.now(), failure_code: null, failure_message: null };
  try {
    const read = source.url === "" ? await readNews(watch, check) : await readSource(watch, source, check);
    const about = read.entries.filter(({ title, summary, isChecked }) =>
      isChecked ? true : isAbout(watch.topic, `${title ?? ""} ${summary}`),
    );
    const found = await parts.entries.record(watch.id, source.url, about);
    await parts.watches.noteSource(watch.id, source.url, { ...note, ...read.facts });
    return { found, costUsd: read.costUsd };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AppError) || !sourceFailures.has(error.kind)) throw error;
    const failure = { failure_code: error.kind, failure_message: error.message };
    await parts.watches.noteSource(watch.id, source.url, { ...note, ...failure });
    return { found: 0, costUsd: 0 };
  }
}

interface SourceReading {
  /** `isChecked`: that it belongs to the topic is known already. */
  entries: (FoundEntry & { isChecked?: boolean })[];
  facts: Partial<Omit<WatchSourceRow, "watch_id" | "url">>;
  costUsd: number;
}

async function readNews({ topic, checked_at: checkedAt }: Watch, { parts, signal }: Check): Promise<SourceReading> {
  if (!parts.news || topic === null) {
    throw new AppError("not_configured", "The news service has no account here any more.", {
      hint: "Set its key, or watch feeds and pages as sources.",
    });
  }
  const since = checkedAt ?? parts.clock.now() - firstNewsMs;
  const { entries, costUsd } = await parts.news.search({ topic, since, limit: newsLimit }, signal);
  return {
    entries: entries.map((entry) => ({ ...toFound(entry), isChecked: true })),
    facts: { kind: "news" },
    costUsd,
  };
}

async function readSource(watch: Watch, source: WatchSourceRow, { parts, signal }: Check): Promise<SourceReading> {
  const { feed_url: feedUrl, etag, last_modified: lastModified } = source;
  const known = feedUrl === null ? null : { finalUrl: feedUrl, etag, lastModified };
  try {
    // A page that had no feed the last time is not searched for one each time.
    const feed = source.kind === "page" ? null : await parts.feeds.readChanged(source.url, signal, known);
    if (feed === undefined) return { entries: [], facts: { kind: "feed" }, costUsd: 0 };
    if (feed) {
      const { conditions } = feed;
      const facts = { feed_url: feed.feedUrl, etag: conditions?.etag ?? null };
      return {
        entries: feed.entries.map(toFound),
        facts: { kind: "feed", ...facts, last_modified: conditions?.lastModified ?? null },
        costUsd: 0,
      };
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== "not_found" || source.kind === "feed") throw error;
  }
  const { saved, page, finalUrl } = await parts.pages.read(source.url, signal);
  const entry: FoundEntry & { isChecked: boolean } = {
    id: source.url,
    url: finalUrl,
    title: page.title,
    author: page.author,
    summary: page.markdown.slice(0, 600),
    publishedAt: page.publishedAt,
    contentHash: saved.id,
    documentId: saved.id,
    isChecked: isAbout(watch.topic, `${page.title ?? ""} ${page.markdown}`),
  };
  return { entries: [entry], facts: { kind: "page" }, costUsd: 0 };
}

/** Dates are left out: many feeds give the time of the reading. */
function toFound(entry: FeedEntry): FoundEntry {
  const words = JSON.stringify([entry.title, entry.summary, entry.url]);
  return { ...entry, contentHash: createHash("sha256").update(words).digest("hex") };
}

async function storePages(watchId: string, parts: WatchParts, signal: AbortSignal): Promise<void> {
  const waiting = await parts.entries.listUnstored(watchId, maxPages);
  const next = async (): Promise<void> => {
    for (let entry = waiting.shift(); entry; entry = waiting.shift())
      await storeEntry(watchId, entry, { parts, signal });
  };
  await Promise.all(Array.from({ length: inFlight }, next));
}

/** The page that an entry leads to; where it may not or cannot be read, the entry's own words. */
async function storeEntry(watchId: string, entry: KeptEntry, { parts, signal }: Check): Promise<void> {
  if (entry.url === null) return;
  try {
    const { saved } = await parts.pages.read(entry.url, signal);
    await parts.entries.noteStored(watchId, entry.key, saved.id);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AppError) || !sourceFailures.has(error.kind)) throw error;
    if (passing.has(error.kind) && !(await parts.entries.noteTry(watchId, entry.key))) return;
    const page = toEntryPage(entry);
    const saved = await parts.documents.save(page, { url: entry.url, finalUrl: entry.url, source: "feed" });
    await parts.entries.noteStored(watchId, entry.key, saved.id);
  }
}
