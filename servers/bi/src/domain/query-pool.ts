import { AppError } from "@sophia/core/errors/app-error";
import type { ChildWorker } from "./child-worker.ts";

interface Waiting {
  start(worker: ChildWorker): void;
  reject(error: AppError): void;
}

export interface PoolWait {
  waitMs: number;
  signal: AbortSignal;
}

/** Hands out query processes, one query each, with a bounded queue in front. */
export class QueryPool {
  readonly #idle: ChildWorker[];
  readonly #all: readonly ChildWorker[];
  readonly #waiting: Waiting[] = [];
  readonly #maxWaiting: number;

  constructor(workers: readonly ChildWorker[], maxWaiting: number) {
    this.#all = workers;
    // The first process is warmed at start and taken first.
    this.#idle = [...workers].reverse();
    this.#maxWaiting = maxWaiting;
  }

  async run<Result>(work: (worker: ChildWorker) => Promise<Result>, wait: PoolWait): Promise<Result> {
    const worker = this.#idle.pop() ?? (await this.#wait(wait));
    try {
      return await work(worker);
    } finally {
      const next = this.#waiting.shift();
      if (next) next.start(worker);
      else this.#idle.push(worker);
    }
  }

  close(): void {
    for (const waiting of this.#waiting.splice(0))
      waiting.reject(new AppError("unavailable", "The warehouse is shutting down."));
    for (const worker of this.#all) worker.close();
  }

  async #wait({ waitMs, signal }: PoolWait): Promise<ChildWorker> {
    if (this.#waiting.length >= this.#maxWaiting) throw busy("Too many queries are waiting.");
    signal.throwIfAborted();
    const turn = Promise.withResolvers<ChildWorker>();
    const entry: Waiting = { start: turn.resolve, reject: turn.reject };
    const leave = (error: AppError): void => {
      const index = this.#waiting.indexOf(entry);
      if (index === -1) return;
      this.#waiting.splice(index, 1);
      turn.reject(error);
    };
    const onAbort = (): void => leave(new AppError("timeout", "The call was cancelled.", { retryable: false }));
    const timer = setTimeout(() => leave(busy("The query waited too long for its turn.")), waitMs);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(entry);
    try {
      return await turn.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }
}

function busy(message: string): AppError {
  return new AppError("rate_limited", message, { hint: "Send fewer queries at a time.", retryAfterMs: 2_000 });
}
