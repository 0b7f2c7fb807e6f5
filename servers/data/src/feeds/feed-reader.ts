import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import { Parser } from "htmlparser2";
import { decodeText } from "../domain/charset.ts";
import type { FetchConditions, FetchedBody, PageFetcher } from "../fetching/page-fetcher.ts";
import { type Feed, parseFeed } from "./parse-feed.ts";

export interface ReadFeed extends Feed {
  /** Where the feed is, which may be named by the page that was asked for. */
  feedUrl: string;
  /** The site said that nothing has changed since it was last read. */
  isNotModified: boolean;
  /** Wall-clock milliseconds. */
  readAt: number;
}

export interface FeedReader {
  /**
   * The feed at an address, or the one that the page there names, or one in a usual place of its site. Feeds read
   * before are asked for on condition that they have changed.
   * @throws AppError not_found when there is none
   */
  read(url: string, signal: AbortSignal): Promise<ReadFeed>;
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
    const feed = parseFeed(decodeText(fetched.body, fetched.contentType), fetched.finalUrl);
    if (!feed) return fetched;
    const read = { ...feed, feedUrl: fetched.finalUrl, isNotModified: false, readAt: clock.now() };
    const { etag = null, lastModified = null, finalUrl } = fetched;
    kept.delete(url);
    if (etag !== null || lastModified !== null) {
      remember(kept, url, { conditions: { etag, lastModified, finalUrl }, feed: read });
    }
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

  return {
    async read(url, signal) {
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
      throw new AppError("not_found", "There is no feed at this address, and the page names none.", {
        hint: "Give the feed's own address, or read the page with fetch_page.",
      });
    },
  };
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  const oldest = map.size > maxKept ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}

/** Feeds that a page names in its link elements, in its order. */
function findNamedFeeds({ body, contentType, finalUrl }: FetchedBody): string[] {
  const found = new Set<string>();
  const parser = new Parser({
    onopentag(name, { rel = "", type = "", href }) {
      if (name !== "link" || href === undefined || found.size >= maxNamed) return;
      if (!/\balternate\b/i.test(rel) || !feedTypes.test(type.trim())) return;
      const url = URL.parse(href.trim(), finalUrl);
      if (url && /^https?:$/.test(url.protocol)) found.add(url.href);
    },
  });
  parser.end(decodeText(body, contentType).slice(0, 1_000_000));
  return [...found];
}
