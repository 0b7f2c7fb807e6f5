import type { Logger } from "pino";
import { type StdioBackend, StdioSession } from "./stdio-session.ts";
import { divertStdout, StdioWriter } from "./stdio-writer.ts";

/** How long requests under way may take after the client closed its end. The official client sends SIGTERM after 2 s. */
const graceMs = 5_000;
/** How long all the rest of the end may take: no process without its client, whatever hangs. */
const hardExitMs = 3_000;

/** This process's own streams and signals, as one stdio client sees them. */
export class StdioProcess {
  readonly writer = new StdioWriter(process.stdout);
  readonly #stop = new AbortController();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
    divertStdout();
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      process.on(signal, () => {
        if (this.#stop.signal.aborted) process.exit(1);
        this.#stop.abort();
        this.#exitSoon();
      });
    }
  }

  /** Resolves when the client is gone and its session closed. The process ends soon after, whatever holds it. */
  async serve(backend: StdioBackend, maxLineBytes: number): Promise<void> {
    const session = new StdioSession({
      input: process.stdin,
      writer: this.writer,
      backend,
      maxLineBytes,
      graceMs,
      stop: this.#stop.signal,
      log: this.#log,
    });
    await session.serve();
    this.#exitSoon();
  }

  #exitSoon(): void {
    setTimeout(() => process.exit(), hardExitMs).unref();
  }
}
