import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import { createBatches, type ZenRowsBatches } from "./batch.ts";
import { explainFailure } from "./error-codes.ts";
import { createFetches, type ZenRowsFetches } from "./fetch.ts";
import { zenrowsBaseUrl } from "./key-check.ts";
import { longestQueueMs, zenrowsLimits } from "./operations.ts";

export interface ZenRowsClientOptions {
  apiKey: Secret;
  /** Slots of the plan; what the vendor says of it in its answers counts more. */
  concurrency: number;
  /** Fetch, with `/v1`. Default: the vendor's. */
  baseUrl?: string;
  /** Batch, with `/v1`. Default: the vendor's. */
  batchUrl?: string;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
  pacer?: Pacer;
}

export interface ZenRowsClient extends ZenRowsFetches, ZenRowsBatches {
  close(): Promise<void>;
}

const batchBaseUrl = "https://async.api.zenrows.com/v1";

/** Pages that refuse plain fetching, one by one or in batches. What comes back is untrusted. https://docs.zenrows.com */
export function createZenRowsClient(options: ZenRowsClientOptions): ZenRowsClient {
  const { apiKey, clock, log, observer, pacer } = options;
  const common = {
    service: "zenrows",
    explain: explainFailure,
    log,
    clock,
    ...(observer && { observer }),
    ...(pacer && { pacer }),
  };
  // The key is part of the address: the spine keeps it out of logs, spans and errors.
  const http = createHttp({
    ...common,
    baseUrl: options.baseUrl ?? zenrowsBaseUrl,
    auth: { in: "query", name: "apikey", secret: apiKey },
    limits: zenrowsLimits(options.concurrency),
    maxWaitMs: longestQueueMs,
  });
  const batchHttp = createHttp({
    ...common,
    baseUrl: options.batchUrl ?? batchBaseUrl,
    auth: { in: "header", name: "x-api-key", secret: apiKey },
  });
  return {
    ...createFetches(http),
    ...createBatches(batchHttp, clock),
    async close() {
      await Promise.all([http.close(), batchHttp.close()]);
    },
  };
}
