import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import type { ListedModel } from "@sophia/vendors/openai-shape/listed-model";
import type { OpenAiClient } from "@sophia/vendors/openai-shape/openai-client";

/** The models an endpoint offers, kept for a while; when it does not answer, the last list stays. */
export interface ModelCatalog {
  /** The default first, where one is configured. Waits for the provider only when nothing is known yet. */
  list(): Promise<readonly ListedModel[]>;
  /** The list, when there is a fresh one. */
  current(): readonly ListedModel[] | undefined;
}

const freshMs = 10 * 60_000;
/** After a failed look-up the provider is left alone for this time. */
const retryMs = 15_000;
/** Longest that a call waits to see whether a provider has come back. */
const retryWaitMs = 1_000;
const deadlineMs = 8_000;

export function createModelCatalog(options: {
  endpoint: ModelEndpoint;
  client: Pick<OpenAiClient, "listModels">;
  clock: Clock;
  log: Logger;
}): ModelCatalog {
  const { endpoint, clock } = options;
  let known: readonly ListedModel[] | undefined;
  let nextAt = -Infinity;
  let failure: { error: unknown } | undefined;
  let running: Promise<readonly ListedModel[]> | undefined;

  async function refresh(): Promise<readonly ListedModel[]> {
    try {
      known = offer(endpoint, await options.client.listModels(AbortSignal.timeout(deadlineMs)));
      nextAt = clock.monotonic() + freshMs;
      failure = undefined;
      return known;
    } catch (error) {
      nextAt = clock.monotonic() + retryMs;
      failure = { error };
      options.log.warn({ err: error, service: endpoint.service }, "model list not refreshed");
      return known ?? giveFallback(error);
    } finally {
      running = undefined;
    }
  }

  /** Named models need no list: their prices and context are unknown until the provider answers. */
  function giveFallback(error: unknown): readonly ListedModel[] {
    if (endpoint.models.length === 0) throw error;
    return endpoint.models.map(unlisted);
  }

  return {
    current: () => (clock.monotonic() < nextAt ? known : undefined),
    async list() {
      if (clock.monotonic() < nextAt) {
        if (known) return known;
        // A provider that hangs would cost every call the whole deadline again.
        if (failure) return giveFallback(failure.error);
      }
      const before = { running, failure };
      running ??= refresh();
      if (!known && !before.failure) return running;
      // The old list serves while the new one is fetched; its failure has been logged.
      running.catch(() => {});
      if (known) return known;
      // It may have come back: the call that looks waits for a moment, the others do not.
      const list = before.running ? undefined : await firstWithin(retryWaitMs, running, clock);
      return list ?? giveFallback(before.failure?.error);
    },
  };
}

function offer(endpoint: ModelEndpoint, listed: readonly ListedModel[]): readonly ListedModel[] {
  if (endpoint.models.length === 0) return listed;
  const byId = new Map(listed.map((model) => [model.id, model]));
  return endpoint.models.map((id) => byId.get(id) ?? unlisted(id));
}

function unlisted(id: string): ListedModel {
  return { id, contextLength: undefined, pricing: undefined, kind: "chat" };
}

/** `undefined` when it does not come in time. */
async function firstWithin<T>(waitMs: number, coming: Promise<T>, clock: Clock): Promise<T | undefined> {
  const over = new AbortController();
  const late = clock.sleep(waitMs, over.signal).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([coming, late]);
  } finally {
    over.abort();
  }
}
