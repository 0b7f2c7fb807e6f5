import { AppError } from "../errors/app-error.ts";
import type { EmbedMeter, EmbedOptions } from "./embedder.ts";

/** `Answer` is what a text becomes. */
export interface QueuedText<Answer> {
  text: string;
  meter?: EmbedMeter | undefined;
  /** Only the first of these calls counts. */
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export interface TextQueueOptions {
  /** Texts that may wait; more are refused as `rate_limited`. Default 2,048. */
  queueLimit?: number;
  /** Longest wait of one call, queueing included. Default 30 s. */
  deadlineMs?: number;
}

export interface Batch {
  maxTexts: number;
  /** The batch ends with the text that reaches this: a query must not wait for eight long documents. */
  maxCharacters: number;
  /** Leave documents where they are. */
  queriesOnly?: boolean;
}

interface Waiting<Answer> extends QueuedText<Answer> {
  done: boolean;
}

/** Texts of all calls in one line, so that concurrent calls share batches. Queries go before documents. */
export class TextQueue<Answer> {
  readonly #options: TextQueueOptions;
  readonly #queues: Record<EmbedOptions["purpose"], Waiting<Answer>[]> = { query: [], document: [] };

  constructor(options: TextQueueOptions) {
    this.#options = options;
  }

  /** Throws `rate_limited` when this many more may not wait. */
  assertRoom(count: number): void {
    const queued = this.#queues.query.length + this.#queues.document.length;
    if (queued + count <= (this.#options.queueLimit ?? 2048)) return;
    throw new AppError("rate_limited", "Too many texts wait for the embedding model.", {
      hint: "Send fewer texts at once, or try again in a few seconds.",
      retryAfterMs: 2000,
    });
  }

  /** Answers in the order of the texts. Ends at the deadline (`timeout`) or on cancellation; what waits is dropped. */
  async submit(texts: readonly string[], { purpose, signal, meter }: EmbedOptions): Promise<Answer[]> {
    this.assertRoom(texts.length);
    const waiting: Waiting<Answer>[] = [];
    const answers = texts.map(
      (text) => new Promise<Answer>((...settle) => waiting.push(toWaiting(text, settle, meter))),
    );
    this.#queues[purpose].push(...waiting);
    const deadline = AbortSignal.timeout(this.#options.deadlineMs ?? 30_000);
    const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
    const drop = () => {
      const reason: unknown = signal?.aborted
        ? signal.reason
        : new AppError("timeout", "The embedding model did not answer in time.", { hint: "Send fewer texts." });
      for (const item of waiting) item.reject(reason);
    };
    either.addEventListener("abort", drop, { once: true });
    try {
      return await Promise.all(answers);
    } finally {
      either.removeEventListener("abort", drop);
    }
  }

  take({ maxTexts, maxCharacters, queriesOnly = false }: Batch): QueuedText<Answer>[] {
    const batch: QueuedText<Answer>[] = [];
    let characters = 0;
    for (const queue of queriesOnly ? [this.#queues.query] : [this.#queues.query, this.#queues.document]) {
      while (batch.length < maxTexts && characters < maxCharacters && queue.length > 0) {
        const item = queue.shift();
        if (!item || item.done) continue;
        batch.push(item);
        characters += item.text.length;
      }
    }
    return batch;
  }

  rejectAll(error: unknown): void {
    for (const queue of [this.#queues.query, this.#queues.document]) {
      for (const item of queue.splice(0)) item.reject(error);
    }
  }
}

function toWaiting<Answer>(
  text: string,
  [resolve, reject]: [(answer: Answer) => void, (error: unknown) => void],
  meter: EmbedMeter | undefined,
): Waiting<Answer> {
  const item: Waiting<Answer> = {
    text,
    meter,
    done: false,
    resolve: (answer) => settle(() => resolve(answer)),
    reject: (error) => settle(() => reject(error)),
  };
  function settle(act: () => void): void {
    if (item.done) return;
    item.done = true;
    act();
  }
  return item;
}
