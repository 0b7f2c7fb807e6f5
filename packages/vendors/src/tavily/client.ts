import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import { explainFailure } from "./explain-failure.ts";
import { tavilyBaseUrl } from "./key-check.ts";
import { developmentRequestsPerMinute, policyOf, tavilyLimits } from "./operations.ts";
import { createResearches, type TavilyResearches } from "./research.ts";
import { UsageReply } from "./schemas.ts";
import { createSearches, type TavilySearches } from "./search.ts";
import { createSites, type TavilySites } from "./sites.ts";

export interface TavilyClientOptions {
  apiKey: Secret;
  /** Project that the use is counted for. */
  projectId?: string;
  /** Default: the vendor's. */
  baseUrl?: string;
  /** Default 100, a development key's; production keys have 1,000. */
  requestsPerMinute?: number;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
  pacer?: Pacer;
}

/** Credits of the running month. `null`: not told, or without a limit. */
export interface TavilyUsage {
  key: { used: number | null; limit: number | null };
  plan: { name: string | null; used: number | null; limit: number | null };
  payAsYouGo: { used: number | null; limit: number | null };
}

export interface TavilyClient extends TavilySearches, TavilySites, TavilyResearches {
  getUsage(signal: AbortSignal): Promise<TavilyUsage>;
  close(): Promise<void>;
}

/** Search, pages, sites and research. All texts that come back are untrusted. https://docs.tavily.com */
export function createTavilyClient(options: TavilyClientOptions): TavilyClient {
  const { clock, log, projectId } = options;
  const http = createHttp({
    service: "tavily",
    baseUrl: options.baseUrl ?? tavilyBaseUrl,
    auth: { in: "bearer", secret: options.apiKey },
    headers: projectId === undefined ? {} : { "x-project-id": projectId },
    limits: tavilyLimits(options.requestsPerMinute ?? developmentRequestsPerMinute),
    explain: explainFailure,
    log,
    clock,
    ...(options.observer && { observer: options.observer }),
    ...(options.pacer && { pacer: options.pacer }),
  });
  return {
    ...createSearches(http),
    ...createSites(http),
    ...createResearches(http, clock),
    async getUsage(signal) {
      const request = { ...policyOf("get_usage"), path: "/usage", schema: UsageReply, signal };
      const { key, account } = (await http.request(request)).data;
      return {
        key: { used: key.usage ?? null, limit: key.limit ?? null },
        plan: {
          name: account?.current_plan ?? null,
          used: account?.plan_usage ?? null,
          limit: account?.plan_limit ?? null,
        },
        payAsYouGo: { used: account?.paygo_usage ?? null, limit: account?.paygo_limit ?? null },
      };
    },
    close: () => http.close(),
  };
}
