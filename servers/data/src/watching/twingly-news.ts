import type { FeedEntry } from "../feeds/parse-feed.ts";
import type { TopicNews } from "./topic-news.ts";

/** The part of Twingly's client that a watch needs. */
interface NewsClient {
  searchNews(
    search: { all: readonly string[]; since: number; size: number; order: "newest" },
    signal: AbortSignal,
  ): Promise<{ articles: readonly NewsArticle[] }>;
}

interface NewsArticle {
  id: string;
  url: string;
  title: string | null;
  author: string | null;
  /** The text itself is licensed, and left where it is. */
  snippet: string;
  publishedAt: number | null;
}

/** The service takes at most so many in one answer. */
const mostPerSearch = 250;
const maxAlternatives = 5;
const maxWords = 20;

/** Twingly's news as what a topic is watched in. Its price is by subscription: no search costs anything of its own. */
export function createTwinglyNews({ client, mode }: { client: NewsClient; mode: "live" | "simulated" }): TopicNews {
  return {
    service: "twingly",
    mode,
    async search({ topic, since, limit }, signal) {
      const found = new Map<string, FeedEntry>();
      for (const all of toAlternatives(topic)) {
        const size = Math.min(limit, mostPerSearch);
        const { articles } = await client.searchNews({ all, since, size, order: "newest" }, signal);
        for (const article of articles) found.set(article.id, toEntry(article));
      }
      const entries = [...found.values()].toSorted((left, right) => (right.publishedAt ?? 0) - (left.publishedAt ?? 0));
      return { entries: entries.slice(0, limit), costUsd: 0 };
    },
  };
}

/** Commas part alternatives, each of which is one search. */
function toAlternatives(topic: string): string[][] {
  return topic
    .split(",")
    .map((part) => (part.match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, maxWords))
    .filter((words) => words.length > 0)
    .slice(0, maxAlternatives);
}

function toEntry({ id, url, title, author, snippet, publishedAt }: NewsArticle): FeedEntry {
  const address = URL.parse(url);
  const isWeb = address !== null && /^https?:$/.test(address.protocol) && address.username === "";
  return { id, url: isWeb ? address.href : null, title, author, publishedAt, summary: snippet.slice(0, 600) };
}
