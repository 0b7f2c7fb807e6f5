import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { AppError } from "../errors/app-error.ts";
import type { Embedder, EmbedOptions } from "./embedder.ts";
import type { EncodeRequest, WorkerMessage } from "./serve-model.ts";
import { type QueuedText, TextQueue, type TextQueueOptions } from "./text-queue.ts";

export interface WorkerEmbedderLimits extends TextQueueOptions {
  log?: Logger;
  /** Longest run of one batch in the worker before it is taken for dead and replaced. Default 20 s. */
  batchDeadlineMs?: number;
}

export interface WorkerEmbedderOptions extends WorkerEmbedderLimits {
  /** A script that calls `serveModel`. */
  workerFile: URL;
  workerData: unknown;
  modelId: string;
  dimension: number;
  batch: { maxTexts: number; maxCharacters: number };
  /** Characters of a text that the model can possibly read; more would only be carried to the worker and cut. */
  readCharacters: number;
  /** What the person who runs the server does when the model cannot be loaded. */
  unusableHint: string;
}

export interface WorkerEmbedder extends Embedder {
  /** Loads the model now; rejects with `not_configured` when it cannot be used on this machine. */
  load(): Promise<void>;
}

const loadDeadlineMs = 30_000;
/** A worker that dies this often within the window is left alone until the window has passed. */
const crashLimit = 3;
const crashWindowMs = 60_000;

interface Running {
  worker: Worker;
  /** Set once the model answers. */
  ready: boolean;
  batch: QueuedText<Float32Array>[] | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * A model in a worker thread: loaded at the first call, one batch in flight, queries before documents, a dead or stuck
 * worker is replaced.
 */
export function createWorkerEmbedder(options: WorkerEmbedderOptions): WorkerEmbedder {
  return new ModelWorker(options);
}

class ModelWorker implements WorkerEmbedder {
  readonly #options: WorkerEmbedderOptions;
  readonly #queue: TextQueue<Float32Array>;
  #running: Running | undefined;
  #crashedAt: number[] = [];
  /** Why the model can never answer here. */
  #unusable: string | undefined;
  #closed = false;
  #nextId = 1;

  constructor(options: WorkerEmbedderOptions) {
    this.#options = options;
    this.#queue = new TextQueue(options);
  }

  async load(): Promise<void> {
    await this.embed(["ready"], { purpose: "query" });
  }

  async embed(texts: readonly string[], options: EmbedOptions) {
    const { modelId, dimension, readCharacters } = this.#options;
    options.signal?.throwIfAborted();
    if (texts.length === 0) return { vectors: [], modelId, dimension };
    this.#assertUsable();
    const cut = texts.map((text) => text.slice(0, readCharacters));
    const vectors = this.#queue.submit(cut, options);
    this.#pump();
    return { vectors: await vectors, modelId, dimension };
  }

  status() {
    const { modelId, dimension } = this.#options;
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
    this.#queue.rejectAll(new AppError("unavailable", "The embedding model is shutting down."));
    await worker?.terminate();
  }

  #assertUsable(): void {
    if (this.#closed) throw new AppError("unavailable", "The embedding model is shutting down.");
    if (this.#unusable !== undefined) throw this.#unusableError();
    this.#crashedAt = this.#crashedAt.filter((at) => performance.now() - at < crashWindowMs);
    if (!this.#running && this.#crashedAt.length >= crashLimit) {
      throw new AppError("unavailable", "The embedding model keeps failing and is paused for a minute.", {
        retryAfterMs: crashWindowMs,
      });
    }
  }

  #pump(): void {
    if (this.#closed || this.#running?.batch) return;
    const batch = this.#queue.take(this.#options.batch);
    if (batch.length === 0) {
      this.#running?.worker.unref();
      return;
    }
    const running = (this.#running ??= this.#startWorker());
    running.batch = batch;
    running.worker.ref();
    this.#expectAnswer(running, running.ready ? this.#batchDeadlineMs : loadDeadlineMs);
    if (running.ready) this.#send(running);
  }

  get #batchDeadlineMs(): number {
    return this.#options.batchDeadlineMs ?? 20_000;
  }

  #expectAnswer(running: Running, withinMs: number): void {
    clearTimeout(running.timer);
    running.timer = setTimeout(() => this.#crashed(running, "no answer within the deadline"), withinMs);
  }

  #startWorker(): Running {
    const worker = new Worker(this.#options.workerFile, {
      workerData: this.#options.workerData,
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
    const { dimension } = this.#options;
    if (message.type === "ready" && message.dimension !== dimension) {
      this.#giveUp(`the model has ${message.dimension} dimensions, not ${dimension}`);
    } else if (message.type === "ready") {
      running.ready = true;
      this.#expectAnswer(running, this.#batchDeadlineMs);
      this.#send(running);
    } else if (message.type === "failed") {
      this.#giveUp(message.reason);
    } else {
      this.#finishBatch(running, message);
    }
  }

  #giveUp(reason: string): void {
    this.#unusable = "The embedding model could not be loaded.";
    this.#options.log?.warn({ reason, modelId: this.#options.modelId }, "embedding model not usable");
    this.#stopWorker(this.#unusableError());
    this.#queue.rejectAll(this.#unusableError());
  }

  #finishBatch(running: Running, message: WorkerMessage & { type: "encoded" | "refused" }): void {
    clearTimeout(running.timer);
    const batch = running.batch ?? [];
    running.batch = undefined;
    const { dimension } = this.#options;
    for (const [index, item] of batch.entries()) {
      if (message.type === "encoded") item.resolve(message.vectors.slice(index * dimension, (index + 1) * dimension));
      else item.reject(new AppError("internal", "The embedding model refused a text.", { cause: message.reason }));
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
    else this.#queue.rejectAll(new AppError("unavailable", "The embedding model keeps failing."));
  }

  #stopWorker(error: AppError): void {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    clearTimeout(running.timer);
    for (const item of running.batch ?? []) item.reject(error);
    void running.worker.terminate();
  }

  #unusableError(): AppError {
    return new AppError("not_configured", "The embedding model could not be loaded on this machine.", {
      hint: this.#options.unusableHint,
    });
  }
}
