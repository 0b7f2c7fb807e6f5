import type { ServerResponse } from "node:http";
import type { Progress } from "../../jobs/progress.ts";

/** Most bytes that wait for one reader. The SDK has no such bound: 200,000 notes to a client that does not read took 530 MB. */
const maxWaitingBytes = 256 * 1024;
const defaultUnreadTimeoutMs = 30_000;

/**
 * The event stream of one call: progress notes, then the answer. When the reader is slow, progress is coalesced (only
 * the newest note waits); when it does not read at all, the stream is closed.
 */
export class CallStream {
  readonly #response: ServerResponse;
  readonly #progressToken: string;
  readonly #unreadTimeoutMs: number;
  #newest: Progress | undefined;
  #waitingForDrain = false;
  #opened = false;

  /** @param unreadTimeoutMs how long a reader may leave the final answer unread before the stream is closed. */
  constructor(response: ServerResponse, progressToken: string | number, unreadTimeoutMs = defaultUnreadTimeoutMs) {
    this.#response = response;
    this.#progressToken = JSON.stringify(progressToken);
    this.#unreadTimeoutMs = unreadTimeoutMs;
  }

  progress(update: Progress): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    if (this.#waitingForDrain) {
      this.#newest = update;
      return;
    }
    this.#write(this.#note(update));
  }

  /** Sends the answer and ends the stream; resolves when the reader has taken it or was cut off. */
  end(message: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#response.destroyed) return Promise.resolve();
    this.#open();
    const last = this.#newest === undefined ? "" : this.#note(this.#newest);
    this.#newest = undefined;
    const timer = setTimeout(() => this.#response.destroy(), this.#unreadTimeoutMs);
    this.#response.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    this.#response.end(`${last}event: message\ndata: ${message}\n\n`);
    return promise;
  }

  #note({ done, total, message }: Progress): string {
    const params = JSON.stringify({ progress: done, total, message });
    return `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${this.#progressToken},${params.slice(1)}}\n\n`;
  }

  #open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
  }

  #write(text: string): void {
    this.#open();
    const flowing = this.#response.write(text);
    if (flowing) return;
    if (this.#response.writableLength > maxWaitingBytes) {
      this.#response.destroy();
      return;
    }
    this.#waitingForDrain = true;
    this.#response.once("drain", () => {
      this.#waitingForDrain = false;
      const next = this.#newest;
      this.#newest = undefined;
      if (next !== undefined) this.progress(next);
    });
  }
}
