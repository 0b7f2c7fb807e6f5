import type { TwinglyClient } from "@sophia/vendors/twingly/client";
import type { Reached } from "../../domain/reached-vendors.ts";
import type { ShortSource } from "../source.ts";
import { ofSource } from "./of-source.ts";

/** Searches of the news. Paid by the subscription, not by the search; texts are licensed, so their beginnings are kept. */
export function createTwinglyNewsSearches({ client, mode }: Reached<Pick<TwinglyClient, "searchNews">>): ShortSource {
  return {
    kind: "short",
    name: "twingly",
    service: "twingly",
    mode,
    unit: "searches",
    concurrency: 2,
    isRepeatable: true,
    estimate: () => ({ quantity: 1, costUsd: 0 }),
    async collect(item, signal) {
      const { query, maxResults } = ofSource(item, "twingly");
      const all = query.split(/\s+/).filter((word) => word !== "");
      const { articles, estimatedTotal } = await client.searchNews({ all, size: maxResults }, signal);
      const pages = articles.map(({ url, title, author, publishedAt, language, snippet }) => ({
        url,
        title,
        author,
        publishedAt,
        language,
        body: { kind: "markdown" as const, markdown: snippet },
      }));
      const isMore = estimatedTotal > articles.length;
      return {
        pages,
        quantity: 1,
        costUsd: 0,
        kind: "actual",
        ...(isMore && { note: `About ${Math.round(estimatedTotal)} articles match, ${articles.length} were taken.` }),
      };
    },
  };
}
