import type { Writable } from "node:stream";

/** Writes one message a line, and knows when its reader does not read, or is gone. */
export class StdioWriter {
  readonly #output: Writable;
  readonly #write: Writable["write"];
  readonly #gone = new AbortController();
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(output: Writable) {
    this.#output = output;
    // Kept, because `divertStdout` replaces the method for everybody else.
    this.#write = output.write.bind(output);
    const onGone = (): void => this.abandon();
    output.on("error", onGone);
    output.once("close", onGone);
    output.on("drain", () => {
      this.#drained?.resolve();
      this.#drained = undefined;
    });
  }

  /** Aborts when nobody can read any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** True while what was written waits for the reader. */
  get blocked(): boolean {
    return this.#output.writableNeedDrain && !this.gone.aborted;
  }

  /** Writes a message without a line break in it. */
  send(message: string): void {
    if (!this.gone.aborted) this.#write(`${message}\n`);
  }

  /** Resolves when the reader has caught up or is gone. */
  async ready(): Promise<void> {
    if (!this.blocked) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  /** Resolves when everything written has left the process, or the reader is gone. */
  async flush(): Promise<void> {
    if (this.gone.aborted || this.#output.writableLength === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone.addEventListener("abort", () => resolve());
    this.#write("", () => resolve());
    await promise;
  }

  /** Stops writing; whoever waits goes on. */
  abandon(): void {
    this.#gone.abort();
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}

/** Over stdio, stdout is the protocol's: whatever else a library prints there goes to stderr. */
export function divertStdout(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr);
}
