import { AppError } from "@sophia/core/errors/app-error";
import type { HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { createOpenRouterClient } from "@sophia/vendors/openrouter/client";
import { createPortkeyClient } from "@sophia/vendors/portkey/client";
import type { Logger } from "pino";
import { type AccountFacts, readOpenRouterAccount } from "./read-openrouter-account.ts";
import { readPortkeyAccount } from "./read-portkey-account.ts";

/** What a provider says about the account behind a key. */
export interface ProviderAccount extends AccountFacts {
  service: string;
  mode: ModelEndpoint["mode"];
  /** `stated` by the provider; `not_offered`: it has no such API; `free`: nobody bills; `failed`: it did not answer. */
  state: "stated" | "not_offered" | "free" | "failed";
  /** Where a person finds the same. */
  page?: string;
  /** In our words, why there are no figures. */
  reason?: string;
}

export interface ProviderAccounts {
  /** One for each endpoint in use. One that fails does not take the others along. */
  list(signal: AbortSignal): Promise<ProviderAccount[]>;
  close(): Promise<void>;
}

/** Where accounts are looked at that have no API. */
const pages: Readonly<Record<string, string>> = {
  openrouter: "https://openrouter.ai/settings/credits",
  together: "https://api.together.ai/settings/billing",
  huggingface: "https://huggingface.co/settings/billing",
  portkey: "https://app.portkey.ai/dashboard",
};

interface AccountReader {
  read(signal: AbortSignal): Promise<AccountFacts>;
  close(): Promise<void>;
}

export function createProviderAccounts(options: {
  endpoints: readonly ModelEndpoint[];
  log: Logger;
  clock: Clock;
  pacer?: Pacer;
  observer?: HttpObserver;
}): ProviderAccounts {
  const { endpoints, ...common } = options;
  const readers = endpoints.map((endpoint) => ({ endpoint, reader: createReader(endpoint, common) }));

  async function look(endpoint: ModelEndpoint, reader: AccountReader | undefined, signal: AbortSignal) {
    const { service, mode } = endpoint;
    const page = pages[service];
    const account = { service, mode, ...(page !== undefined && { page }) };
    if (!reader) {
      return mode === "live"
        ? { ...account, state: "not_offered" as const, reason: "The provider has no API for this." }
        : { service, mode, state: "free" as const };
    }
    try {
      return { ...account, state: "stated" as const, ...(await reader.read(signal)) };
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError)) throw error;
      common.log.warn({ err: error, service }, "provider account not read");
      return { ...account, state: "failed" as const, reason: error.message };
    }
  }

  return {
    list: (signal) => Promise.all(readers.map(({ endpoint, reader }) => look(endpoint, reader, signal))),
    async close() {
      await Promise.all(readers.flatMap(({ reader }) => reader?.close() ?? []));
    },
  };
}

function createReader(
  { service, apiKey, baseUrl }: ModelEndpoint,
  common: { log: Logger; clock: Clock; pacer?: Pacer; observer?: HttpObserver },
): AccountReader | undefined {
  if (!apiKey) return undefined;
  const reach = { ...common, apiKey, baseUrl };
  if (service === "portkey") {
    const client = createPortkeyClient(reach);
    return {
      read: (signal) => readPortkeyAccount({ client, now: common.clock.now() }, signal),
      close: () => client.close(),
    };
  }
  if (service !== "openrouter") return undefined;
  const client = createOpenRouterClient(reach);
  return {
    read: (signal) => readOpenRouterAccount({ client, now: common.clock.now() }, signal),
    close: () => client.close(),
  };
}
