import type { Jobs } from "@sophia/core/jobs/jobs";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import type { Logger } from "pino";
import { createProviderFeedback, type ProviderFeedback } from "../quality/provider-feedback.ts";
import { createProviderAccounts, type ProviderAccounts } from "./provider-accounts.ts";
import { createProviderLogs, type ProviderLogs } from "./provider-logs.ts";

export interface OpenedAccounts {
  providerAccounts: ProviderAccounts;
  providerLogs: ProviderLogs;
  providerFeedback: ProviderFeedback;
  close(): Promise<void>;
}

/** What providers say of themselves beside answers, and what they are told. Before `jobs.start()`: it defines a job. */
export function openAccounts(options: {
  endpoints: readonly ModelEndpoint[];
  jobs: Pick<Jobs, "define" | "enqueue">;
  log: Logger;
  clock: Clock;
  pacer: Pacer;
}): OpenedAccounts {
  const providerAccounts = createProviderAccounts(options);
  const providerLogs = createProviderLogs(options);
  const providerFeedback = createProviderFeedback(options);
  return {
    providerAccounts,
    providerLogs,
    providerFeedback,
    async close() {
      await Promise.all([providerAccounts.close(), providerLogs.close(), providerFeedback.close()]);
    },
  };
}
