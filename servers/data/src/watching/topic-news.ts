import type { FeedEntry } from "../feeds/parse-feed.ts";

/** A service that searches the news by topic. */
export interface TopicNews {
  service: string;
  mode: "live" | "simulated";
  /** Entries published since `since` (wall-clock milliseconds), newest first, at most `limit`. */
  search(
    question: { topic: string; since: number; limit: number },
    signal: AbortSignal,
  ): Promise<{ entries: FeedEntry[]; costUsd: number }>;
}
