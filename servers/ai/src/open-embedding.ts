import type { Embedder } from "@sophia/core/embed/embedder";
import type { Reranker } from "@sophia/core/embed/reranker";
import type { Platform } from "@sophia/core/mcp/platform";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { createTeiClient, type TeiClient } from "@sophia/vendors/huggingface/tei-client";
import type { AiSettings } from "./config.ts";
import { createBookedEmbedder } from "./domain/booked-embedder.ts";
import { createEmbedder, type EmbedderSettings, toTeiEmbeddingPort } from "./domain/embedders.ts";
import { createPaidEmbedding, type PaidEmbedding } from "./domain/paid-embedding.ts";
import type { PlainCallParts } from "./domain/plain-call.ts";
import { createReranker, toTeiRerankPort } from "./domain/rerankers.ts";

export interface OpenedEmbedding {
  /** Asks a provider only with texts that their caller's policy lets go there, and books what that costs. */
  embedder: Embedder;
  reranker: Reranker;
  /** SOPHIA_EMBED_MODEL: whoever asks it books the call. */
  paid: PaidEmbedding | undefined;
  close(): Promise<void>;
}

/** The embedding model and the cross-encoder the settings name; the embedded model, and its vectors, otherwise. */
export async function openEmbedding<Tables extends CoreTables>(
  settings: AiSettings,
  platform: Platform<Tables>,
  given: PlainCallParts & { embedder?: Embedder | undefined },
): Promise<OpenedEmbedding> {
  const tei: TeiClient[] = [];
  const openTei = (baseUrl: string): TeiClient => {
    const { log, clock, pacer, metrics } = platform;
    const client = createTeiClient({ baseUrl, log, clock, pacer, observer: createHttpObserver(metrics) });
    tei.push(client);
    return client;
  };
  const { SOPHIA_EMBED_MODEL: model, SOPHIA_TEI_EMBED_URL: teiUrl } = settings;
  const isPaid = model !== undefined && teiUrl === undefined && given.embedder === undefined;
  const paid = isPaid ? createPaidEmbedding({ model, log: platform.log }) : undefined;
  // Beside a provider's model the embedded one loads when it is first asked: where no key keeps its texts here it costs nothing.
  const own = given.embedder ?? (await createEmbedder(readSettings(settings, platform, openTei)));
  const embedder = paid ? createBookedEmbedder({ ...given, paid, own }) : own;
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

/** What embeds on this machine, or on ours. */
function readSettings<Tables extends CoreTables>(
  { SOPHIA_TEI_EMBED_URL: url, SOPHIA_EMBED_MODEL_FOLDER: folder }: AiSettings,
  { log }: Platform<Tables>,
  openTei: (baseUrl: string) => TeiClient,
): EmbedderSettings {
  if (url === undefined) return { log, ...(folder !== undefined && { folder }) };
  const port = toTeiEmbeddingPort(openTei(url));
  return { log, remote: { port, service: "huggingface", mode: "local", model: "tei" } };
}
