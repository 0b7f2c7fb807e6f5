import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import { decodeText } from "../domain/charset.ts";
import { parseShallow } from "../domain/parse-shallow.ts";
import type { FetchConditions, FetchedBody, PageFetcher } from "../fetching/page-fetcher.ts";
import { type Feed, parseFeed } from "./parse-feed.ts";

export interface ReadFeed extends Feed {
  /** Where the feed is, which may be named by the page that was asked for. */
  feedUrl: string;
  /** The site said that nothing has changed since it was last read. */
  isNotModified: boolean;
  /** Wall-clock milliseconds. */
  readAt: number;
  /** How to ask whether it has changed; null where the site gives nothing to ask by. */
  conditions: FetchConditions | null;
}

export interface FeedReader {
  /**
   * The feed at an address, or the one that the page there names, or one in a usual place of its site. Feeds read
   * before are asked for on condition that they have changed.
   * @throws AppError not_found when there is none
   */
  read(url: string, signal: AbortSignal): Promise<ReadFeed>;
  /**
   * The same for who kept `known` of an earlier reading: undefined when the site says that nothing has changed since.
   * @throws AppError not_found when there is none
   */
  readChanged(url: string, signal: AbortSignal, known: FetchConditions | null): Promise<ReadFeed | undefined>;
}

interface Kept {
  conditions: FetchConditions;
  feed: ReadFeed;
}

const maxKept = 100;
const maxNamed = 3;
const usualPaths = ["/feed", "/rss.xml", "/atom.xml", "/feed.json"];
const feedTypes = /^application\/(?:rss\+xml|atom\+xml|rdf\+xml|feed\+json)\b/i;

export function createFeedReader({ fetcher, clock }: { fetcher: PageFetcher; clock: Clock }): FeedReader {
  const kept = new Map<string, Kept>();
  /** Pages that are no feeds themselves → the feed they led to. */
  const places = new Map<string, string>();

  async function load(url: string, signal: AbortSignal): Promise<ReadFeed | FetchedBody> {
    const known = kept.get(url);
    const fetched = await fetcher.fetch(url, signal, known?.conditions);
    if (known && fetched.isNotModified) return { ...known.feed, isNotModified: true, readAt: clock.now() };
    const read = toFeed(fetched, clock.now());
    if (!read) return fetched;
    kept.delete(url);
    if (read.conditions) remember(kept, url, { conditions: read.conditions, feed: read });
    return read;
  }

  async function tryLoad(url: string, signal: AbortSignal): Promise<ReadFeed | undefined> {
    try {
      const loaded = await load(url, signal);
      return "entries" in loaded ? loaded : undefined;
    } catch (error) {
      // One of several places: the next may have it.
      if (error instanceof AppError && !signal.aborted) return undefined;
      throw error;
    }
  }

  async function read(url: string, signal: AbortSignal): Promise<ReadFeed> {
    const place = places.get(url);
    const again = place === undefined ? undefined : await tryLoad(place, signal);
    if (again) return again;
    const loaded = await load(url, signal);
    if ("entries" in loaded) return loaded;
    const named = findNamedFeeds(loaded);
    const usual = usualPaths.map((path) => new URL(path, loaded.finalUrl).href);
    for (const address of named.length > 0 ? named : usual) {
      const feed = await tryLoad(address, signal);
      if (!feed) continue;
      remember(places, url, address);
      return feed;
    }
    throw noFeed();
  }

  return {
    read,
    async readChanged(url, signal, known) {
      const fetched = known ? await askAgain(fetcher, known, signal) : undefined;
      if (fetched?.isNotModified) return undefined;
      return (fetched && toFeed(fetched, clock.now())) ?? (await read(url, signal));
    },
  };
}

async function askAgain(
  fetcher: PageFetcher,
  known: FetchConditions,
  signal: AbortSignal,
): Promise<FetchedBody | undefined> {
  try {
    return await fetcher.fetch(known.finalUrl, signal, known);
  } catch (error) {
    // Moved: the address that was given may know where to.
    if (error instanceof AppError && error.kind === "not_found") return undefined;
    throw error;
  }
}

function noFeed(): AppError {
  return new AppError("not_found", "There is no feed at this address, and the page names none.", {
    hint: "Give the feed's own address, or read the page with fetch_page.",
  });
}

function toFeed(fetched: FetchedBody, readAt: number): ReadFeed | undefined {
  const { etag = null, lastModified = null, finalUrl } = fetched;
  const feed = parseFeed(decodeText(fetched.body, fetched.contentType), finalUrl);
  const conditions = etag === null && lastModified === null ? null : { etag, lastModified, finalUrl };
  return feed && { ...feed, feedUrl: finalUrl, isNotModified: false, readAt, conditions };
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  const oldest = map.size > maxKept ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}

/** Feeds that a page names in its link elements, in its order. */
function findNamedFeeds({ body, contentType, finalUrl }: FetchedBody): string[] {
  const found = new Set<string>();
  parseShallow(decodeText(body, contentType).slice(0, 1_000_000), {
    onopentag(name, { rel = "", type = "", href }) {
      if (name !== "link" || href === undefined || found.size >= maxNamed) return;
      if (!/\balternate\b/i.test(rel) || !feedTypes.test(type.trim())) return;
      const url = URL.parse(href.trim(), finalUrl);
      if (url && /^https?:$/.test(url.protocol)) found.add(url.href);
    },
  });
  return [...found];
}
