import type { Embedder } from "@sophia/core/embed/embedder";
import type { Reranker } from "@sophia/core/embed/reranker";
import type { Platform } from "@sophia/core/mcp/platform";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { createTeiClient, type TeiClient } from "@sophia/vendors/huggingface/tei-client";
import type { AiSettings } from "./config.ts";
import { createEmbedder, type EmbedderSettings, toEmbeddingPort, toTeiEmbeddingPort } from "./domain/embedders.ts";
import type { Models } from "./domain/models.ts";
import { createReranker, toTeiRerankPort } from "./domain/rerankers.ts";

export interface OpenedEmbedding {
  embedder: Embedder;
  reranker: Reranker;
  /** The provider's model that `embedder` asks, where somebody bills for it. */
  paidModel: string | undefined;
  close(): Promise<void>;
}

/** The embedding model and the cross-encoder the settings name; the embedded model, and its vectors, otherwise. */
export async function openEmbedding<Tables extends CoreTables>(
  settings: AiSettings,
  platform: Platform<Tables>,
  given: { models: Models; embedder?: Embedder | undefined },
): Promise<OpenedEmbedding> {
  const tei: TeiClient[] = [];
  const openTei = (baseUrl: string): TeiClient => {
    const { log, clock, pacer, metrics } = platform;
    const client = createTeiClient({ baseUrl, log, clock, pacer, observer: createHttpObserver(metrics) });
    tei.push(client);
    return client;
  };
  const embedder = given.embedder ?? (await createEmbedder(readSettings(settings, platform, given.models, openTei)));
  const rerankUrl = settings.SOPHIA_TEI_RERANK_URL;
  const reranker = createReranker(
    embedder,
    rerankUrl === undefined
      ? undefined
      : { port: toTeiRerankPort(openTei(rerankUrl)), service: "huggingface", mode: "local", model: "cross-encoder" },
  );
  return {
    embedder,
    reranker,
    paidModel: given.embedder || settings.SOPHIA_TEI_EMBED_URL !== undefined ? undefined : settings.SOPHIA_EMBED_MODEL,
    async close() {
      await Promise.all([embedder.close(), ...tei.map((client) => client.close())]);
    },
  };
}

function readSettings<Tables extends CoreTables>(
  settings: AiSettings,
  { log }: Platform<Tables>,
  models: Models,
  openTei: (baseUrl: string) => TeiClient,
): EmbedderSettings {
  const { SOPHIA_TEI_EMBED_URL: url, SOPHIA_EMBED_MODEL: model, SOPHIA_EMBED_MODEL_FOLDER: folder } = settings;
  if (url !== undefined) {
    const port = toTeiEmbeddingPort(openTei(url));
    return { log, remote: { port, service: "huggingface", mode: "local", model: "tei" } };
  }
  if (model === undefined) return { log, ...(folder !== undefined && { folder }) };
  return {
    log,
    remote: {
      // Looked up at each call: its provider may come back, or be another one by then.
      port: {
        async embed(texts, signal) {
          const { provider, price } = await models.resolve(model);
          const port = toEmbeddingPort(provider.client, model, (usage) => price.costOf(usage));
          const { service, mode } = provider.endpoint;
          return { ...(await port.embed(texts, signal)), place: { service, mode } };
        },
      },
      service: "provider",
      mode: "live",
      model,
    },
  };
}
