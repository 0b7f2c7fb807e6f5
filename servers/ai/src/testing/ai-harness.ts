import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createTokens } from "@sophia/core/approval/tokens";
import { PlatformSettings, toPlatformConfig } from "@sophia/core/config/platform-config";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import type { LedgerTotal } from "@sophia/core/ledger/ledger";
import { createPlatform } from "@sophia/core/mcp/create-platform";
import type { Platform } from "@sophia/core/mcp/platform";
import { startServer } from "@sophia/core/mcp/start-server";
import { createMetrics } from "@sophia/core/observe/metrics";
import { createScrubber } from "@sophia/core/observe/scrub";
import { openStore } from "@sophia/core/store/store";
import { type OpenAiSimulator, startOpenAiSimulator } from "@sophia/simulators/openai/simulator";
import OpenAI from "openai";
import { pino } from "pino";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { AiSettings } from "../config.ts";
import { aiMigrations } from "../migrations.ts";
import { aiServer } from "../server.ts";
import { type AiServices, type AiTables, createAiServices } from "../services.ts";

export interface HarnessOptions {
  endpoint?: Pick<ModelEndpoint, "service" | "mode" | "models">;
  timeoutMs?: number;
  idleTimeoutMs?: number;
  /** Several providers instead of one. */
  endpoints?(simulator: OpenAiSimulator): readonly ModelEndpoint[];
  settings?: Readonly<Record<string, string>>;
  /** One that outlives the harness, e.g. shared by several. Default: its own. */
  dataDir?: string;
}

export interface AiHarness {
  simulator: OpenAiSimulator;
  services: AiServices;
  platform: Platform<AiTables>;
  /** What the ledger holds, when everything has been written to it. */
  spent(): Promise<LedgerTotal>;
  url: string;
  /** A bearer of a new caller. */
  createBearer(): Promise<string>;
  /** The official client with a caller's own bearer. */
  createClient(): Promise<OpenAI>;
  close(): Promise<void>;
}

/** The whole server, HTTP and all, with the simulated provider standing in for a paid one. */
export async function startAiHarness(options: HarnessOptions = {}): Promise<AiHarness> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "sophia-ai-")));
  const simulator = await startOpenAiSimulator({ seed: 3 });
  const platform = await openPlatform(dataDir);
  const { clock, store } = platform;
  const endpoint = {
    service: "openrouter",
    mode: "live" as const,
    baseUrl: simulator.url,
    models: [],
    ...options.endpoint,
  };
  const settings = AiSettings.parse({
    SOPHIA_AI_LOCAL_MODELS: "0",
    SOPHIA_AI_CACHE_TTL_HOURS: "1",
    ...options.settings,
  });
  const runtime = await createAiServices(settings, platform, {
    endpoints: options.endpoints?.(simulator) ?? [endpoint],
    ...(settings.SOPHIA_EMBED_MODEL === undefined && { embedder: createLexicalEmbedder() }),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    ...(options.idleTimeoutMs !== undefined && { idleTimeoutMs: options.idleTimeoutMs }),
  });
  const { services } = runtime;
  const server = await startServer({
    definition: aiServer,
    runtime,
    // Kysely's types are invariant: a platform with more tables does not count as one with fewer.
    platform: platform as unknown as Platform,
    planKey: Buffer.alloc(32, 7),
    limits: { requestsPerSecond: 100_000, burst: 100_000 },
  });
  const http = await server.listen("127.0.0.1", 0);
  const tokens = createTokens({ store, clock });
  async function createBearer(): Promise<string> {
    const token = await tokens.create({ name: crypto.randomUUID(), server: "ai", scopes: ["read", "write"] });
    // The server looks for bearers it does not know ten times a second at most.
    await delay(120);
    return token.bearer;
  }

  return {
    simulator,
    services,
    platform,
    async spent() {
      await services.spending.flush();
      const [total] = await platform.ledger.totals({});
      if (!total) throw new Error("The ledger gave no sum.");
      return total;
    },
    url: http.url,
    createBearer,
    async createClient() {
      const apiKey = await createBearer();
      return new OpenAI({ baseURL: `${http.url}/v1`, apiKey, maxRetries: 0, timeout: 15_000 });
    },
    async close() {
      await http.close();
      await server.close();
      await runtime.close?.();
      await simulator.close();
      await store.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function openPlatform(dataDir: string): Promise<Platform<AiTables>> {
  const scrubber = createScrubber();
  const log = pino({ level: "silent" });
  const store = await openStore<AiTables>({ dataDir, migrations: aiMigrations, log });
  const config = toPlatformConfig(PlatformSettings.parse({ SOPHIA_DATA_DIR: dataDir }));
  return await createPlatform({ config, log, scrubber, store, metrics: createMetrics({ server: "ai" }) });
}
