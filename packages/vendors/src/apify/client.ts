import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import { type ApifyAccount, createAccount } from "./account.ts";
import { type ApifyActors, createActors } from "./actors.ts";
import { type ApifyDatasets, createDatasets } from "./datasets.ts";
import { explainFailure } from "./explain-failure.ts";
import { type ApifyKeyValueStores, createKeyValueStores } from "./key-value-stores.ts";
import { apifyBaseUrl } from "./key-check.ts";
import { apifyLimits } from "./operations.ts";
import { type ApifyRuns, createRuns } from "./runs.ts";
import { type ApifyWebhooks, createWebhooks } from "./webhooks.ts";

export interface ApifyClientOptions {
  apiKey: Secret;
  /** With `/v2`. Default: the vendor's. */
  baseUrl?: string;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
  pacer?: Pacer;
}

export interface ApifyClient
  extends ApifyActors, ApifyRuns, ApifyDatasets, ApifyKeyValueStores, ApifyAccount, ApifyWebhooks {
  close(): Promise<void>;
}

/** Actors, their runs and what they find. All texts of Actors and items are untrusted. https://docs.apify.com/api/v2 */
export function createApifyClient(options: ApifyClientOptions): ApifyClient {
  const http = createHttp({
    service: "apify",
    baseUrl: options.baseUrl ?? apifyBaseUrl,
    auth: { in: "bearer", secret: options.apiKey },
    limits: apifyLimits,
    explain: explainFailure,
    log: options.log,
    clock: options.clock,
    ...(options.observer && { observer: options.observer }),
    ...(options.pacer && { pacer: options.pacer }),
  });
  return {
    ...createActors(http),
    ...createRuns(http, options.clock),
    ...createDatasets(http),
    ...createKeyValueStores(http),
    ...createAccount(http),
    ...createWebhooks(http),
    close: () => http.close(),
  };
}
