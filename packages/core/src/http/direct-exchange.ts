import type { Dispatcher } from "undici";
import type { Clock } from "../limits/clock.ts";
import { BodyTooLargeError } from "./body.ts";

/** Where the chunks of a body go. After `false` the socket is read no further until `resume`. */
export interface DirectSink {
  data(chunk: Buffer): boolean;
  end(): void;
  /** The body broke off. Never called before the head has come. */
  fail(error: unknown): void;
}

export interface DirectHead {
  status: number;
  /** Lower-case names; repeated headers as they came. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface DirectExchangeOptions {
  dispatcher: Dispatcher;
  request: Dispatcher.DispatchOptions;
  maxBytes: number;
}

/**
 * One request by undici's `dispatch`, without a stream object or an iterator in between: chunks are handed over in the
 * turn in which they come. Rejects the head's promise on anything before it; afterwards the sink hears of it.
 */
export class DirectExchange implements Dispatcher.DispatchHandler {
  readonly head: Promise<DirectHead>;
  readonly #resolve: (head: DirectHead) => void;
  readonly #reject: (error: unknown) => void;
  readonly #options: DirectExchangeOptions;
  #controller: Dispatcher.DispatchController | undefined;
  #sink: DirectSink | undefined;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #failure: { error: unknown } | undefined;
  #started = false;

  constructor(options: DirectExchangeOptions) {
    this.#options = options;
    const { promise, resolve, reject } = Promise.withResolvers<DirectHead>();
    this.head = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    options.dispatcher.dispatch(options.request, this);
  }

  /** A byte of the request may have left. */
  get started(): boolean {
    return this.#started;
  }

  /** Frees the socket; whoever still waits hears `reason`. */
  cancel(reason: unknown): void {
    if (this.#ended || this.#failure) return;
    this.#fail(reason);
    this.#controller?.abort(reason instanceof Error ? reason : new Error("The call was cancelled."));
  }

  /** Once, after the head: what has come in the meantime is handed over at once. */
  pipe(sink: DirectSink): void {
    this.#sink = sink;
    const waiting = this.#waiting;
    this.#waiting = [];
    let wantsMore = true;
    for (const chunk of waiting) wantsMore = sink.data(chunk) && wantsMore;
    if (this.#failure) sink.fail(this.#failure.error);
    else if (this.#ended) sink.end();
    else if (wantsMore) this.#controller?.resume();
    else this.#controller?.pause();
  }

  resume(): void {
    if (!this.#ended && !this.#failure) this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure) controller.abort(new Error("The call was cancelled."));
    else this.#started = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // Informational answers come before the true one.
    if (status >= 200) this.#resolve({ status, headers });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#options.maxBytes) {
      this.cancel(new BodyTooLargeError());
      return;
    }
    if (this.#failure) return;
    if (this.#sink) {
      if (!this.#sink.data(chunk)) controller.pause();
    } else {
      // Until somebody takes them: the head's promise is told in this turn, its reader comes in the next.
      this.#waiting.push(chunk);
    }
  }

  onResponseEnd(): void {
    this.#ended = true;
    if (!this.#failure) this.#sink?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #fail(error: unknown): void {
    if (this.#failure || this.#ended) return;
    this.#failure = { error };
    this.#reject(error);
    this.#sink?.fail(error);
  }
}

/** A body of which the beginning is enough: what is longer, or slower, is cut off there, and its socket freed. */
export function collectStart(
  exchange: DirectExchange,
  limits: { maxBytes: number; waitMs: number; clock: Clock },
): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const over = new AbortController();
    const finish = (): void => {
      over.abort();
      resolve(Buffer.concat(chunks));
    };
    exchange.pipe({
      data(chunk) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes >= limits.maxBytes) exchange.cancel(new BodyTooLargeError());
        return true;
      },
      end: finish,
      fail: finish,
    });
    limits.clock.sleep(limits.waitMs, over.signal).then(
      () => exchange.cancel(new Error("The rest did not come.")),
      () => undefined,
    );
  });
}

/** The whole body. */
export function collectBody(exchange: DirectExchange): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    exchange.pipe({
      data: (chunk) => chunks.push(chunk) > 0,
      end: () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)),
      fail: reject,
    });
  });
}
