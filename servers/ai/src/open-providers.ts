import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Platform } from "@sophia/core/mcp/platform";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import { createAnthropicClient } from "@sophia/vendors/anthropic/client";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { createOpenAiClient, type OpenAiClientOptions } from "@sophia/vendors/openai-shape/openai-client";
import type { AiSettings } from "./config.ts";
import { findEndpoints, readConfigured } from "./domain/find-endpoints.ts";
import { createModelCatalog } from "./domain/model-catalog.ts";
import { simulateProviders } from "./domain/simulate-providers.ts";
import type { Provider } from "./domain/targets.ts";
import { readVendorEndpoints } from "./domain/vendor-endpoints.ts";

/** Instead of what the settings say, for tests and benchmarks. */
export interface GivenProviders {
  endpoints?: readonly ModelEndpoint[];
  timeoutMs?: number;
  idleTimeoutMs?: number;
}

export interface OpenedProviders {
  /** The first has the default model. */
  providers: Provider[];
  close(): Promise<void>;
}

/**
 * Everybody who can be asked: what SOPHIA_OPENAI_… names, Anthropic, each provider that has a key, model servers on this
 * machine; and when there is nobody and simulation is allowed, the simulated ones.
 */
export async function openProviders<Tables extends CoreTables>(
  settings: AiSettings,
  platform: Platform<Tables>,
  given: GivenProviders,
): Promise<OpenedProviders> {
  const { log, clock, config } = platform;
  const placed = (found: readonly ModelEndpoint[]) => found.map((endpoint) => withPlace(endpoint, settings));
  const endpoints = placed(given.endpoints ?? (await findAll(settings, platform)));
  const anthropic = placed(given.endpoints ? [] : readAnthropic(settings));
  const isEmpty = endpoints.length === 0 && anthropic.length === 0;
  const simulated = isEmpty && config.simulate ? await simulateProviders(log) : undefined;
  const open = (create: typeof createOpenAiClient, endpoint: ModelEndpoint): Provider => {
    const client = create(clientOptions(endpoint, platform, given));
    return { endpoint, client, catalog: createModelCatalog({ endpoint, client, log, clock }) };
  };
  const providers = [
    ...[...endpoints, ...(simulated?.endpoints ?? [])].map((endpoint) => open(createOpenAiClient, endpoint)),
    ...anthropic.map((endpoint) => open(createAnthropicClient, endpoint)),
  ];
  return {
    providers,
    async close() {
      await Promise.all(providers.map(({ client }) => client.close()));
      await simulated?.close();
    },
  };
}

/** What is known of a place beside what it says itself. */
function withPlace(endpoint: ModelEndpoint, settings: AiSettings): ModelEndpoint {
  const dataPolicy = settings.SOPHIA_AI_DATA_POLICIES.get(endpoint.service);
  const region = settings.SOPHIA_AI_REGIONS.get(endpoint.service);
  return { ...endpoint, ...(dataPolicy !== undefined && { dataPolicy }), ...(region !== undefined && { region }) };
}

async function findAll<Tables extends CoreTables>(
  settings: AiSettings,
  { log, clock }: Platform<Tables>,
): Promise<ModelEndpoint[]> {
  const configured = readConfigured(settings);
  const found = await findEndpoints(settings, { log, clock });
  return [...configured, ...readVendorEndpoints(settings), ...found.slice(configured.length)];
}

function readAnthropic(settings: AiSettings): ModelEndpoint[] {
  const { SOPHIA_ANTHROPIC_API_KEY: apiKey, SOPHIA_ANTHROPIC_BASE_URL: baseUrl } = settings;
  if (!apiKey) return [];
  return [{ service: "anthropic", mode: "live", baseUrl, apiKey, models: settings.SOPHIA_ANTHROPIC_MODELS }];
}

function clientOptions<Tables extends CoreTables>(
  endpoint: ModelEndpoint,
  { log, clock, pacer, metrics }: Platform<Tables>,
  { timeoutMs, idleTimeoutMs }: GivenProviders,
): OpenAiClientOptions {
  return {
    endpoint,
    log,
    clock,
    pacer,
    observer: createHttpObserver(metrics),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
  };
}
