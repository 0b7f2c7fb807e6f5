import { estimateTavilyCost } from "@sophia/vendors/tavily/cost";
import type { TavilyClient } from "@sophia/vendors/tavily/client";
import { parseMoment } from "../../domain/parse-moment.ts";
import type { Reached } from "../../domain/reached-vendors.ts";
import type { ShortSource } from "../source.ts";
import { billed } from "./billed.ts";
import { ofSource } from "./of-source.ts";

/** Searches of the web, each with the text of what it found. */
export function createTavilySearches({ client, mode }: Reached<Pick<TavilyClient, "search">>): ShortSource {
  return {
    kind: "short",
    name: "tavily",
    service: "tavily",
    mode,
    unit: "credits",
    concurrency: 8,
    isRepeatable: false,
    estimate(item) {
      const { depth } = ofSource(item, "tavily");
      const { credits, costUsd } = estimateTavilyCost({ operation: "search", depth });
      return billed(mode, { quantity: credits, costUsd });
    },
    async collect(item, signal) {
      const { query, maxResults, depth, topic, timeRange } = ofSource(item, "tavily");
      const wish = { query, maxResults, depth, topic, ...(timeRange !== undefined && { timeRange }) };
      const { results, cost } = await client.search({ ...wish, rawContent: "markdown" }, signal);
      const pages = results.map(({ url, title, snippet, rawContent, publishedDate }) => ({
        url,
        title,
        publishedAt: readDate(publishedDate),
        body: { kind: "markdown" as const, markdown: rawContent ?? snippet },
      }));
      return { pages, ...billed(mode, { quantity: cost.credits, costUsd: cost.costUsd }), kind: cost.kind };
    },
  };
}

/** As the vendor writes it, which is not always a date. */
function readDate(text: string | null): number | null {
  try {
    return text === null ? null : (parseMoment(text, "since") ?? null);
  } catch {
    const time = Date.parse(text ?? "");
    return Number.isNaN(time) ? null : time;
  }
}
