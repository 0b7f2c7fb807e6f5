import type { Embedder } from "@sophia/core/embed/embedder";
import { createRemoteReranker } from "@sophia/core/embed/remote-reranker";
import type { Reranker } from "@sophia/core/embed/reranker";
import { createVectorReranker } from "@sophia/core/embed/vector-reranker";
import type { Platform } from "@sophia/core/mcp/platform";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import type { Place } from "@sophia/core/routing/data-policy";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { createTeiClient, type TeiClient } from "@sophia/vendors/huggingface/tei-client";
import type { AiSettings } from "./config.ts";
import { createBookedEmbedder } from "./domain/booked-embedder.ts";
import { describeBaseUrl } from "./domain/describe-base-url.ts";
import { createEmbedder, toTeiEmbeddingPort } from "./domain/embedders.ts";
import { createPaidEmbedding, type PaidEmbedding } from "./domain/paid-embedding.ts";
import type { PlainCallParts } from "./domain/plain-call.ts";
import { type Away, createPolicyEmbedder, createPolicyReranker } from "./domain/policy-embedder.ts";
import { toTeiRerankPort } from "./domain/rerankers.ts";
import { standingPlace } from "./domain/targets.ts";

export interface OpenedEmbedding {
  /** Asks a provider only with texts that their caller's policy lets go there, and books what that costs. */
  embedder: Embedder;
  reranker: Reranker;
  /** It embeds for the server itself, too: on this machine, and nobody bills. */
  isOurs: boolean;
  /** SOPHIA_EMBED_MODEL: whoever asks it books the call. */
  paid: PaidEmbedding | undefined;
  close(): Promise<void>;
}

/**
 * The embedding model and the cross-encoder the settings name; the embedded model, and its vectors, otherwise, and for
 * texts that their key keeps here.
 */
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
  const openAt = (url: string | undefined) => (url === undefined ? undefined : toTeiPlace(url, settings, openTei(url)));
  const embedding = given.embedder ? undefined : openAt(settings.SOPHIA_TEI_EMBED_URL);
  const { SOPHIA_EMBED_MODEL: model, SOPHIA_EMBED_MODEL_FOLDER: folder } = settings;
  const isPaid = model !== undefined && !embedding && !given.embedder;
  const paid = isPaid ? createPaidEmbedding({ model, log: platform.log }) : undefined;
  // Beside another one the embedded model loads when it is first asked: where no key keeps its texts here it costs nothing.
  const own = given.embedder ?? (await createEmbedder({ log: platform.log, ...(folder !== undefined && { folder }) }));
  const embedder = await openEmbedder(platform, { ...given, paid, tei: embedding, own });
  const reranker = openReranker(embedder, openAt(settings.SOPHIA_TEI_RERANK_URL), given);
  return {
    embedder,
    reranker,
    isOurs: !paid && embedding?.mode !== "live",
    paid,
    async close() {
      await Promise.all([embedder.close(), ...tei.map((client) => client.close())]);
    },
  };
}

/** A TEI process, and what is known of where it runs. */
interface TeiPlace extends Place {
  client: TeiClient;
  mode: "live" | "local";
}

/** One on another machine is asked with a key's texts as far as the settings promise, as a vLLM there would be. */
function toTeiPlace(baseUrl: string, settings: AiSettings, client: TeiClient): TeiPlace {
  const { mode } = describeBaseUrl(baseUrl);
  const told = settings.SOPHIA_AI_DATA_POLICIES.get("tei") ?? "any";
  const region = settings.SOPHIA_AI_REGIONS.get("tei");
  return { client, mode: mode === "local" ? mode : "live", dataPolicy: mode === "local" ? mode : told, region };
}

function toAway<Service>(service: Service, tei: TeiPlace): Away<Service> {
  return { service, name: "TEI", findPlace: () => tei, isOurs: tei.mode === "local" };
}

async function openEmbedder<Tables extends CoreTables>(
  { log }: Platform<Tables>,
  parts: PlainCallParts & { paid: PaidEmbedding | undefined; tei: TeiPlace | undefined; own: Embedder },
): Promise<Embedder> {
  const { paid, tei, own, models, policies } = parts;
  if (tei) {
    const { client, mode } = tei;
    const port = toTeiEmbeddingPort(client);
    const service = await createEmbedder({ log, remote: { port, service: "huggingface", mode, model: "tei" } });
    return createPolicyEmbedder({ away: toAway(service, tei), own, policies });
  }
  if (!paid) return own;
  const service = createBookedEmbedder(paid, parts);
  // Asked for again when the call is made, of the target that it then goes to.
  const findPlace = async (): Promise<Place> => standingPlace(await models.resolve(paid.model));
  return createPolicyEmbedder({ away: { service, name: paid.model, findPlace }, own, policies });
}

function openReranker(
  embedder: Embedder,
  tei: TeiPlace | undefined,
  { policies }: Pick<PlainCallParts, "policies">,
): Reranker {
  const vectors = createVectorReranker(embedder);
  if (!tei) return vectors;
  const { client, mode } = tei;
  const port = toTeiRerankPort(client);
  const service = createRemoteReranker({ port, service: "huggingface", mode, model: "cross-encoder" });
  return createPolicyReranker({ away: toAway(service, tei), own: vectors, policies });
}
