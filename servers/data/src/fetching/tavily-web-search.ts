import { AppError } from "@sophia/core/errors/app-error";
import type { Ledger } from "@sophia/core/ledger/ledger";
import type { TavilyClient } from "@sophia/vendors/tavily/client";
import { estimateTavilyCost } from "@sophia/vendors/tavily/cost";
import type { TavilyFound } from "@sophia/vendors/tavily/search";
import type { Clock } from "@sophia/core/limits/clock";
import type { DataBudgets } from "../collections/data-budgets.ts";
import type { WebAnswer, WebQuery, WebSearch } from "./web-search.ts";

/**
 * Tavily's search, paid from the budgets of the service and of the caller. Where they are used up, the own store is
 * searched, and the answer says so. Only for a live account: what a simulator makes up must not stand among real pages.
 */
export function createTavilyWebSearch(options: {
  client: Pick<TavilyClient, "search">;
  own: WebSearch;
  ledger: Pick<Ledger, "reserve" | "settle" | "release">;
  budgets: Pick<DataBudgets, "of">;
  clock: Clock;
}): WebSearch {
  const { client, own, ledger, budgets, clock } = options;
  return {
    async search(query, signal) {
      const expected = estimateTavilyCost({ operation: "search", depth: "basic" });
      const charge = { requestId: query.requestId, server: "data", service: "tavily", caller: query.caller };
      let reservation;
      try {
        reservation = await ledger.reserve({
          ...charge,
          unit: "credits",
          quantity: expected.credits,
          costUsd: expected.costUsd,
          budgets: await budgets.of(query.caller, "tavily"),
        });
      } catch (error) {
        if (!(error instanceof AppError) || error.kind !== "budget_exceeded") throw error;
        const note =
          "The budget for searches of the web is used up, so only documents that were read before were searched.";
        return { ...(await own.search(query, signal)), note };
      }
      try {
        const found = await client.search(toSearch(query), signal);
        const { credits: quantity, costUsd, kind } = found.cost;
        await ledger.settle(reservation, { quantity, costUsd, kind });
        return toAnswer(found, clock.now());
      } catch (error) {
        const isLost = signal.aborted || (error instanceof AppError && error.reason === "outcome_unknown");
        if (!isLost) await ledger.release(reservation);
        else
          await ledger.settle(reservation, { quantity: expected.credits, costUsd: expected.costUsd, kind: "estimate" });
        throw error;
      }
    },
  };
}

function toSearch({ text, site, since, until, limit }: WebQuery) {
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  return {
    query: text,
    maxResults: Math.min(20, limit),
    ...(site !== undefined && { includeDomains: [site] }),
    ...(since !== undefined && { startDate: day(since) }),
    ...(until !== undefined && { endDate: day(until) }),
  };
}

function toAnswer({ results, cost }: TavilyFound, now: number): WebAnswer {
  return {
    results: results.map(({ url, title, snippet, score, publishedDate }) => {
      const published = publishedDate === null ? Number.NaN : Date.parse(publishedDate);
      return {
        url,
        title,
        snippet,
        publishedAt: Number.isNaN(published) ? null : published,
        score: score ?? 0,
        documentId: null,
        readAt: now,
      };
    }),
    scope: "web",
    note: null,
    service: "tavily",
    mode: "live",
    costUsd: cost.costUsd,
  };
}
