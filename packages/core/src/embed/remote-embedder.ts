import type { Logger } from "pino";
import { AppError } from "../errors/app-error.ts";
import type { Embedder, EmbedderStatus, EmbeddingResult, EmbedOptions } from "./embedder.ts";
import { hasContent } from "./has-content.ts";
import { normalizeInPlace } from "./lexical-embedder.ts";
import { type QueuedText, TextQueue, type TextQueueOptions } from "./text-queue.ts";

/** What a vendor's client does for one batch. Retries, limits and byte caps are its HTTP spine's. */
export interface EmbeddingPort {
  /** `onCost` hears of an answer's cost at once, because an answer that cannot be used is billed, too. */
  embed(texts: readonly string[], signal: AbortSignal, onCost?: (costUsd: number) => void): Promise<RemoteVectors>;
}

export interface RemoteVectors {
  /** In the order of the texts; of any length, all with the same number of dimensions. */
  vectors: readonly ArrayLike<number>[];
  /** The model that answered, in the service's own words. */
  model: string;
  /** Of the whole batch, when the service says or we know its price. */
  costUsd?: number;
  /** Who answered, where the port chooses. Default: as in the options. */
  place?: Place;
}

interface Place {
  service: string;
  mode: "live" | "local" | "simulated";
}

export interface RemoteEmbedderOptions extends TextQueueOptions, Place {
  port: EmbeddingPort;
  /** The model asked for. The id of the vectors names the one that answered. */
  model: string;
  /** Put before each text of a purpose, for models that were trained so (e5: "query: ", "passage: "). */
  prefixes?: Partial<Record<EmbedOptions["purpose"], string>>;
  /** Texts of one request. Default 32. */
  maxTexts?: number;
  /** Characters of one text that are sent; the rest is cut. Default 16,000. */
  readCharacters?: number;
  /** Requests at once, of which queries keep one for themselves. At least 2. Default 4. */
  concurrency?: number;
  /** Longest request, its retries included. Default 30 s. */
  batchDeadlineMs?: number;
  log?: Logger;
}

interface RemoteText {
  vector: Float32Array;
  modelId: string;
  costUsd: number | undefined;
}

/** A batch ends here: services bound a request's tokens as well as its texts. */
const maxBatchCharacters = 100_000;

/**
 * A model behind HTTP. Texts of concurrent calls share requests, queries go first. Vectors come back at unit length
 * under an id of service, model that answered, and dimension. A failure is thrown, and passes when the service does
 * again: another model never answers in its place.
 */
export function createRemoteEmbedder(options: RemoteEmbedderOptions): Embedder {
  return new RemoteModel(options);
}

class RemoteModel implements Embedder {
  readonly #options: RemoteEmbedderOptions;
  readonly #queue: TextQueue<RemoteText>;
  readonly #closing = new AbortController();
  readonly #concurrency: number;
  #active = 0;
  #answered: { modelId: string; dimension: number; place: Place } | undefined;

  constructor(options: RemoteEmbedderOptions) {
    this.#options = options;
    this.#queue = new TextQueue(options);
    this.#concurrency = Math.max(2, options.concurrency ?? 4);
  }

  async embed(texts: readonly string[], options: EmbedOptions): Promise<EmbeddingResult> {
    options.signal?.throwIfAborted();
    if (this.#closing.signal.aborted) throw closingError();
    const { readCharacters = 16_000, prefixes } = this.#options;
    const sent = texts.filter(hasContent).map((text) => text.slice(0, readCharacters));
    // The dimension of a text without content is known from any other text.
    if (sent.length === 0) sent.push("text");
    const prefixed = sent.map((text) => `${prefixes?.[options.purpose] ?? ""}${text}`);
    const answers = await this.#embedAlike(prefixed, options);
    const [{ modelId, vector: first }] = answers as [RemoteText];
    const costs = answers.flatMap(({ costUsd }) => costUsd ?? []);
    let next = 0;
    const vectors = texts.map((text) =>
      hasContent(text) ? (answers[next++]?.vector ?? first) : new Float32Array(first.length),
    );
    return {
      vectors,
      modelId,
      dimension: first.length,
      ...(costs.length > 0 && { costUsd: costs.reduce((sum, cost) => sum + cost, 0) }),
    };
  }

  status(): EmbedderStatus {
    const { service, mode, model } = this.#options;
    return {
      modelId: this.#answered?.modelId ?? `${service}:${model}`,
      dimension: this.#answered?.dimension ?? 0,
      state: this.#closing.signal.aborted ? "closed" : this.#answered ? "ready" : "idle",
      ...(this.#answered?.place ?? { service, mode }),
    };
  }

  async close(): Promise<void> {
    this.#closing.abort(closingError());
    this.#queue.rejectAll(closingError());
  }

  /** Vectors of two models are never handed out as one answer. */
  async #embedAlike(texts: readonly string[], options: EmbedOptions): Promise<RemoteText[]> {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const waiting = this.#queue.submit(texts, options);
      this.#pump();
      const answers = await waiting;
      if (answers.every(({ modelId }) => modelId === answers[0]?.modelId)) return answers;
    }
    throw new AppError("unavailable", "The embedding service answers with more than one model.", {
      hint: "Name one model with its exact version, or try again when the service has settled.",
      service: this.#options.service,
    });
  }

  #pump(): void {
    while (this.#active < this.#concurrency) {
      const batch = this.#queue.take({
        maxTexts: this.#options.maxTexts ?? 32,
        maxCharacters: maxBatchCharacters,
        queriesOnly: this.#active === this.#concurrency - 1,
      });
      if (batch.length === 0) return;
      this.#active += 1;
      void this.#answer(batch).finally(() => {
        this.#active -= 1;
        this.#pump();
      });
    }
  }

  /** Never rejects. A batch that is refused for what is in it is halved: one caller's text must not fail another's. */
  async #answer(batch: QueuedText<RemoteText>[]): Promise<void> {
    for (const { text, meter } of batch) meter?.sent(text.length);
    let isCostTold = false;
    const onCost = (costUsd: number | undefined): void => {
      if (!isCostTold) noteCosts(batch, costUsd);
      isCostTold = true;
    };
    try {
      const texts = batch.map(({ text }) => text);
      const deadline = AbortSignal.timeout(this.#options.batchDeadlineMs ?? 30_000);
      const answer = await this.#options.port.embed(texts, AbortSignal.any([deadline, this.#closing.signal]), onCost);
      onCost(answer.costUsd);
      this.#settle(batch, answer);
    } catch (error) {
      if (!isCostTold) for (const { text, meter } of batch) meter?.failed(text.length);
      const isContent = error instanceof AppError && error.kind === "invalid_input";
      if (isContent && batch.length > 1) {
        const middle = batch.length >> 1;
        await this.#answer(batch.slice(0, middle));
        await this.#answer(batch.slice(middle));
        return;
      }
      const told = this.#toPassing(error);
      for (const item of batch) item.reject(told);
    }
  }

  /** `not_configured` would make a chain leave this model for good, and a refused key is replaced in place. */
  #toPassing(error: unknown): unknown {
    if (!(error instanceof AppError) || error.kind !== "not_configured") return error;
    const { service } = this.#options;
    return new AppError("unavailable", "The embedding service does not take us in.", {
      hint: error.hint ?? "Check its key.",
      service,
      cause: error,
      retryable: false,
    });
  }

  #settle(batch: readonly QueuedText<RemoteText>[], { vectors, model, costUsd, place }: RemoteVectors): void {
    const { service, mode, prefixes, log } = this.#options;
    const dimension = vectors[0]?.length ?? 0;
    const isWhole = vectors.length === batch.length && vectors.every((vector) => vector.length === dimension);
    if (!isWhole || dimension === 0) {
      throw new AppError("upstream", "The embedding service did not answer with one vector for each text.", {
        service,
      });
    }
    const modelId = `${service}:${model}-${dimension}${prefixes ? "-prefixed" : ""}`;
    if (this.#answered && this.#answered.modelId !== modelId) {
      log?.warn({ before: this.#answered.modelId, modelId }, "embedding service changed its model");
    }
    this.#answered = { modelId, dimension, place: place ?? { service, mode } };
    const shareOf = toShares(batch, costUsd);
    for (const [index, { text, resolve }] of batch.entries()) {
      const vector = normalizeInPlace(Float32Array.from(vectors[index] ?? []));
      resolve({ vector, modelId, costUsd: shareOf(text) });
    }
  }
}

/** Before anybody hears of the vectors: whoever's call ends with them closes its account. */
function noteCosts(batch: readonly QueuedText<RemoteText>[], costUsd: number | undefined): void {
  const shareOf = toShares(batch, costUsd);
  for (const { text, meter } of batch) meter?.answered(text.length, shareOf(text));
}

function toShares(batch: readonly QueuedText<RemoteText>[], costUsd: number | undefined) {
  const characters = batch.reduce((sum, { text }) => sum + text.length, 0);
  return (text: string) => (costUsd === undefined ? undefined : (costUsd * text.length) / characters);
}

function closingError(): AppError {
  return new AppError("unavailable", "The embedding model is shutting down.");
}
