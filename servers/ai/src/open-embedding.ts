import type { Embedder } from "@sophia/core/embed/embedder";
import type { Reranker } from "@sophia/core/embed/reranker";
import type { Platform } from "@sophia/core/mcp/platform";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { createTeiClient, type TeiClient } from "@sophia/vendors/huggingface/tei-client";
import type { AiSettings } from "./config.ts";
import { createEmbedder, type EmbedderSettings, toEmbeddingPort, toTeiEmbeddingPort } from "./domain/embedders.ts";
import { createBookedEmbedder } from "./domain/booked-embedder.ts";
import type { Models } from "./domain/models.ts";
import type { PlainCallParts } from "./domain/plain-call.ts";
import { createReranker, toTeiRerankPort } from "./domain/rerankers.ts";

/** SOPHIA_EMBED_MODEL: whoever asks it books the call. */
export interface PaidEmbedding {
  model: string;
  embedder: Embedder;
}

export interface OpenedEmbedding {
  /** Asks a provider only with texts that their caller's policy lets go there, and books what that costs. */
  embedder: Embedder;
  reranker: Reranker;
  paid: PaidEmbedding | undefined;
  close(): Promise<void>;
}

/** The embedding model and the cross-encoder the settings name; the embedded model, and its vectors, otherwise. */
export async function openEmbedding<Tables extends CoreTables>(
  settings: AiSettings,
  platform: Platform<Tables>,
  given: PlainCallParts & { models: Models; embedder?: Embedder | undefined },
): Promise<OpenedEmbedding> {
  const tei: TeiClient[] = [];
  const openTei = (baseUrl: string): TeiClient => {
    const { log, clock, pacer, metrics } = platform;
    const client = createTeiClient({ baseUrl, log, clock, pacer, observer: createHttpObserver(metrics) });
    tei.push(client);
    return client;
  };
  const configured = given.embedder ?? (await createEmbedder(readSettings(settings, platform, given.models, openTei)));
  const { SOPHIA_EMBED_MODEL: model, SOPHIA_TEI_EMBED_URL: teiUrl } = settings;
  const isPaid = model !== undefined && teiUrl === undefined && given.embedder === undefined;
  const paid = isPaid ? { model, embedder: configured } : undefined;
  const embedder = paid ? await book(paid, given, platform) : configured;
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
    paid,
    async close() {
      await Promise.all([embedder.close(), ...tei.map((client) => client.close())]);
    },
  };
}

async function book(
  { model, embedder }: PaidEmbedding,
  parts: PlainCallParts,
  { log }: { log: EmbedderSettings["log"] },
): Promise<Embedder> {
  // The embedded model loads when it is first asked: where no key keeps its texts here it costs nothing.
  return createBookedEmbedder({ ...parts, paid: embedder, paidModel: model, own: await createEmbedder({ log }) });
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
