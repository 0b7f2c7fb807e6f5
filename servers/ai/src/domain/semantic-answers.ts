import type { SemanticCache, SemanticLookup, SemanticQuestion } from "@sophia/core/cache/semantic-cache";
import type { EmbedAccount, Embedder } from "@sophia/core/embed/embedder";
import type { Logger } from "pino";
import { StoredAnswer } from "./answer.ts";
import { createTemplateBook } from "./cache-templates.ts";
import type { ChatRequest } from "./chat-request.ts";
import { toModelPartition } from "./model-partition.ts";
import { buildSemanticKey } from "./semantic-key.ts";
import { untilAborted } from "./until-aborted.ts";

export interface SemanticCall {
  request: ChatRequest;
  /** Whose question it is: where it may be embedded, and who pays for that. */
  account?: EmbedAccount;
  /** Who may see the answers: the caller's id, or a scope it shares with others. */
  scope: string;
  /** The model or model class that was asked for; `auto` leaves the choice to us. */
  modelClass: string;
  /** Larger is stronger; an answer of a weaker model is not given for a stronger one. */
  strength: number;
  /** `x-sophia-cache-category`. Default: hash of system prompt and template. */
  category?: string;
  /** `x-sophia-cache-tags`: documents, tables, commits the answer rests on. */
  tags?: readonly string[];
  allowWeaker?: boolean;
}

/** Hand it back with the fresh answer: it says where the answer belongs and what was near. */
export interface SemanticTicket {
  readonly category: string;
  readonly vector: Float32Array;
  readonly modelId: string;
}

export type SemanticFound =
  | {
      kind: "hit";
      answer: StoredAnswer;
      entryId: string;
      score: number;
      ageMs: number;
      /** Who made the question's vector. */
      modelId: string;
      /** Written by another class of model than was asked for. */
      otherClass: boolean;
      /** Present when this hit is to be checked: ask the model after answering, then `remember`. */
      check: SemanticTicket | undefined;
    }
  /** Without a ticket the request is none for this cache (`reason` says why), and its answer is not to be kept. */
  | { kind: "miss"; reason: string; nearestScore: number | undefined; ticket: SemanticTicket | undefined };

/** What the pipeline calls between the exact look-up and the router. Knows no HTTP. */
export interface SemanticAnswers {
  /** Never throws but on abort: what cannot be read is a miss. */
  find(call: SemanticCall, signal: AbortSignal): Promise<SemanticFound>;
  /** After a miss, or for a hit that is checked. Call it when the answer has been sent; `toStoredAnswer` decides what may be kept. Resolves with the entry's id. */
  remember(ticket: SemanticTicket, answer: StoredAnswer, writer: { strength: number }): Promise<string | undefined>;
  /** What a person thought of a served answer. False: that entry is gone. */
  judge(entryId: string, verdict: { score: number; correct: boolean }): Promise<boolean>;
  /** It is not given again, and nothing is learned from that. */
  evict(entryId: string): Promise<boolean>;
}

export interface SemanticAnswersOptions {
  cache: SemanticCache;
  embedder: Pick<Embedder, "embed">;
  log: Logger;
  /** A vector that takes longer is not waited for, and the model is asked. Default 250. */
  embedDeadlineMs?: number;
}

/** For questions whose answers change within hours. */
const shortTtlMs = 15 * 60_000;

interface Asked {
  question: SemanticQuestion;
  found: SemanticLookup;
  tags: readonly string[];
  ttlMs: number | undefined;
}

/** `undefined`: there is none in time, or no letter in the text. */
async function embed(
  { embedder, log, embedDeadlineMs = 250 }: SemanticAnswersOptions,
  text: string,
  { signal, ...whose }: { signal: AbortSignal; account?: EmbedAccount },
) {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(embedDeadlineMs)]);
  try {
    const embedded = embedder.embed([text], { purpose: "query", signal: deadline, ...whose });
    // It may be looking for a provider, or waiting for money, and hear of no deadline.
    const { vectors, modelId } = await untilAborted(embedded, deadline);
    const [vector] = vectors;
    return vector?.some((value) => value !== 0) ? { vector, modelId } : undefined;
  } catch (error) {
    signal.throwIfAborted();
    log.debug({ err: error }, "no vector in time: asking the model");
    return undefined;
  }
}

export function createSemanticAnswers(options: SemanticAnswersOptions): SemanticAnswers {
  const { cache } = options;
  const templates = createTemplateBook();
  const asked = new WeakMap<SemanticTicket, Asked>();

  return {
    async find(call, signal) {
      const key = buildSemanticKey(call.request, { ...call, templates });
      if (key.kind === "none") return missed(key.reason);
      const whose = call.account ? { account: call.account } : {};
      const embedded = await embed(options, key.text, { signal, ...whose });
      if (!embedded) return missed("no_vector");
      const { vector, modelId } = embedded;
      const { category, text } = key;
      // By the model that has answered: which one it is depends on whose question it is, too.
      const partition = toModelPartition(key.partition, modelId);
      const question: SemanticQuestion = { partition, category, text, vector, modelId };
      const { strength, allowWeaker = false } = call;
      const found = await cache.lookup(question, { strength, allowWeaker, signal, ...whose });
      const ticket: SemanticTicket = { category, vector, modelId };
      asked.set(ticket, { question, found, tags: call.tags ?? [], ttlMs: key.shortLived ? shortTtlMs : undefined });
      if (found.kind === "miss") {
        return { kind: "miss", reason: found.reason, nearestScore: found.nearest?.score, ticket };
      }
      const answer = readAnswer(found.value);
      if (!answer) return { kind: "miss", reason: "unreadable", nearestScore: undefined, ticket };
      const { entryId, score, ageMs } = found;
      // Whoever lets us choose has named no class.
      const otherClass = call.modelClass !== "auto" && found.strength !== strength;
      return {
        kind: "hit",
        answer,
        entryId,
        score,
        ageMs,
        modelId,
        otherClass,
        check: found.check ? ticket : undefined,
      };
    },
    async remember(ticket, answer, { strength }) {
      const known = asked.get(ticket);
      if (!known) return undefined;
      asked.delete(ticket);
      const { question, found, tags, ttlMs } = known;
      const value = JSON.stringify(answer);
      return await cache.learn(question, found, { value, strength, tags, ...(ttlMs !== undefined && { ttlMs }) });
    },
    judge: (entryId, verdict) => cache.judge(entryId, verdict),
    evict: (entryId) => cache.evict(entryId),
  };
}

function missed(reason: string): SemanticFound {
  return { kind: "miss", reason, nearestScore: undefined, ticket: undefined };
}

function readAnswer(value: string): StoredAnswer | undefined {
  try {
    return StoredAnswer.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
