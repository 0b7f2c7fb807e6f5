import { Worker } from "node:worker_threads";
import { AppError, type ErrorKind } from "@sophia/core/errors/app-error";
import type { Logger } from "pino";
import type { ExtractedPage } from "../domain/extract-page.ts";
import { toLogAddress } from "./log-address.ts";

export interface ExtractInput {
  body: Uint8Array;
  contentType: string | undefined;
  contentLanguage: string | undefined;
  url: string;
  now: number;
}

export interface ExtractRequest extends ExtractInput {
  id: number;
}

export type ExtractAnswer = { id: number } & (
  | { page: ExtractedPage }
  | { refusal: { kind: ErrorKind; message: string; hint: string | undefined } }
  | { failure: string }
);

export interface Extractor {
  /**
   * Body → readable page, in a thread of its own.
   * @throws AppError invalid_input (not text), upstream (too heavy or broken to read), rate_limited (queue full)
   */
  extract(input: ExtractInput, signal?: AbortSignal): Promise<ExtractedPage>;
  close(): Promise<void>;
}

export interface ExtractorOptions {
  log: Logger;
  /** Longest time for one page before its thread is ended. Default 12 s. */
  deadlineMs?: number;
  /** Heap of the thread. Default 512 MB. */
  memoryMb?: number;
  /** Pages that may wait. Default 32. */
  queueLimit?: number;
}

interface Waiting {
  input: ExtractInput;
  signal: AbortSignal | undefined;
  resolve(page: ExtractedPage): void;
  reject(error: unknown): void;
}

/**
 * Pages are hostile: one that takes the parser minutes or gigabytes ends its thread, not the server. One page at a
 * time; a new thread is started when the last one died.
 */
export function createExtractor(options: ExtractorOptions): Extractor {
  return new WorkerExtractor(options);
}

class WorkerExtractor implements Extractor {
  readonly #options: Required<ExtractorOptions>;
  readonly #queue: Waiting[] = [];
  #worker: Worker | undefined;
  #busy = false;
  #closed = false;
  #nextId = 1;

  constructor(options: ExtractorOptions) {
    this.#options = { deadlineMs: 12_000, memoryMb: 512, queueLimit: 32, ...options };
  }

  async extract(input: ExtractInput, signal?: AbortSignal): Promise<ExtractedPage> {
    if (this.#closed) throw new AppError("unavailable", "The server is stopping.");
    signal?.throwIfAborted();
    if (this.#queue.length >= this.#options.queueLimit) {
      throw new AppError("rate_limited", "Too many pages are waiting to be read.", { retryAfterMs: 5_000 });
    }
    const { promise, resolve, reject } = Promise.withResolvers<ExtractedPage>();
    const waiting: Waiting = { input, signal, resolve, reject };
    this.#queue.push(waiting);
    const onAbort = () => {
      const index = this.#queue.indexOf(waiting);
      if (index >= 0) this.#queue.splice(index, 1);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    void this.#drain();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) waiting.reject(new AppError("unavailable", "The server is stopping."));
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #drain(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if (next.signal?.aborted) continue;
      try {
        next.resolve(await this.#runOne(next.input));
      } catch (error) {
        next.reject(error);
      }
    }
    this.#busy = false;
  }

  #runOne(input: ExtractInput): Promise<ExtractedPage> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<ExtractedPage>();
    const end = (reason: string) => {
      this.#options.log.warn(
        { url: toLogAddress(input.url), bytes: input.body.length, reason },
        "A page could not be read.",
      );
      this.#discard(worker);
      reject(tooHeavy());
    };
    const onMessage = (answer: ExtractAnswer) => {
      if (answer.id !== id) return;
      if ("page" in answer) resolve(answer.page);
      else if ("refusal" in answer) reject(toRefusal(answer.refusal));
      else end(answer.failure);
    };
    const onError = (error: Error) => end(error.name);
    const onExit = () => end("the thread ended");
    const timer = setTimeout(() => end("deadline"), this.#options.deadlineMs);
    worker.on("message", onMessage);
    worker.once("error", onError);
    worker.once("exit", onExit);
    worker.ref();
    worker.postMessage({ ...input, id } satisfies ExtractRequest);
    return promise.finally(() => {
      clearTimeout(timer);
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
      // An idle reader must not keep the process from ending.
      worker.unref();
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL("extract-worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: this.#options.memoryMb, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
      // The page's thread sees nothing of the process: no environment, no arguments, no standard streams of its own.
      env: {},
      argv: [],
      execArgv: [],
    });
    // Without a listener an error that arrives between two pages would end the process.
    worker.on("error", () => this.#forget(worker));
    worker.on("exit", () => this.#forget(worker));
    return worker;
  }

  #forget(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
  }

  #discard(worker: Worker): void {
    this.#forget(worker);
    void worker.terminate();
  }
}

function toRefusal(refusal: { kind: ErrorKind; message: string; hint: string | undefined }): AppError {
  return new AppError(refusal.kind, refusal.message, refusal.hint === undefined ? {} : { hint: refusal.hint });
}

function tooHeavy(): AppError {
  return new AppError("upstream", "The page is too large or too broken to be read.", {
    hint: "Try a simpler version of the page, for example its print, mobile or feed address.",
    retryable: false,
  });
}
