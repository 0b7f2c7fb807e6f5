import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { isJSONRPCRequest, type JSONRPCMessage, type JSONRPCRequest } from "@modelcontextprotocol/server";
import type { Logger } from "pino";
import { readLines } from "./stdio-lines.ts";
import { formatErrorLine, parseLine } from "./stdio-message.ts";
import type { StdioWriter } from "./stdio-writer.ts";

/** What stands behind one stdio client: the server in this process, or the one that runs already. */
export interface StdioBackend {
  /** Settles when the request is answered. After `signal` nothing may be written for it. */
  request(request: JSONRPCRequest, line: Buffer, signal: AbortSignal): Promise<void>;
  /** A notification, or the client's answer to a request of ours. */
  tell(message: JSONRPCMessage): void;
  close(): Promise<void>;
}

export interface StdioSessionOptions {
  input: Readable;
  writer: StdioWriter;
  backend: StdioBackend;
  maxLineBytes: number;
  /** How long requests under way may take once the client has closed its end. */
  graceMs: number;
  /** Ends the session at once. */
  stop: AbortSignal;
  log: Logger;
}

interface Task {
  request: JSONRPCRequest;
  line: Buffer;
  cost: number;
  controller: AbortController;
}

/** As many at once as a pool of connections carries well; more of them wait. */
const maxRunning = 64;
/** What waits for its turn, in bytes; beyond it the client hears that the server is busy. */
const maxWaitingBytes = 8 * 1024 * 1024;
/** A request costs this much beside its line. */
const taskBytes = 1_024;
const flushMs = 1_000;
const busy = -31_003;

const cancelledByClient = new Error("The client cancelled the call.");
const sessionOver = new Error("The client is gone.");

/**
 * One client over a pair of streams: reads its lines, refuses what is no message, runs requests in parallel, and ends
 * when the client does. Nothing is read while the client does not take its answers, so memory stays bounded.
 */
export class StdioSession {
  readonly #options: StdioSessionOptions;
  readonly #waiting: Task[] = [];
  #waitingBytes = 0;
  readonly #running = new Set<Promise<void>>();
  readonly #tasks = new Set<Task>();

  constructor(options: StdioSessionOptions) {
    this.#options = options;
  }

  /** Resolves when the session is over and its backend closed. */
  async serve(): Promise<void> {
    const { input, writer, backend, stop, graceMs } = this.#options;
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const onStop = (): void => writer.abandon();
    const onGone = (): void => {
      input.destroy();
      end();
    };
    stop.addEventListener("abort", onStop);
    writer.gone.addEventListener("abort", onGone);
    if (stop.aborted) onStop();
    if (writer.gone.aborted) onGone();
    await this.#read();
    await Promise.race([this.#finish(), ended, delay(graceMs, undefined, { ref: false })]);
    for (const task of this.#tasks) task.controller.abort(sessionOver);
    await backend.close();
    await Promise.race([writer.flush(), delay(flushMs, undefined, { ref: false })]);
    stop.removeEventListener("abort", onStop);
  }

  async #read(): Promise<void> {
    const { input, writer, maxLineBytes, log } = this.#options;
    try {
      for await (const line of readLines(input, maxLineBytes)) {
        const incoming = parseLine(line, maxLineBytes);
        if (incoming.kind === "message") this.#receive(incoming.message, incoming.line);
        else if (incoming.kind === "refused") writer.send(incoming.answer);
        await writer.ready();
      }
    } catch (thrown) {
      // A terminal that hangs up, or a reader that is gone: the end, like any other.
      log.debug({ err: thrown }, "stdin ended");
    }
  }

  #receive(message: JSONRPCMessage, line: Buffer): void {
    if (isJSONRPCRequest(message)) {
      this.#accept({ request: message, line, cost: line.length + taskBytes, controller: new AbortController() });
      return;
    }
    if ("method" in message && message.method === "notifications/cancelled")
      this.#cancel(message.params?.["requestId"]);
    this.#options.backend.tell(message);
  }

  #accept(task: Task): void {
    const { writer } = this.#options;
    if (this.#running.size < maxRunning || isStanding(task)) {
      this.#start(task);
    } else if (this.#waitingBytes + task.cost <= maxWaitingBytes) {
      this.#waiting.push(task);
      this.#waitingBytes += task.cost;
      this.#tasks.add(task);
    } else {
      writer.send(formatErrorLine(task.request.id, busy, "The server is busy."));
    }
  }

  /** Calls the backend before it returns: messages reach it in the order they came. */
  #start(task: Task): void {
    this.#tasks.add(task);
    const run = this.#run(task).finally(() => {
      this.#tasks.delete(task);
      this.#running.delete(run);
      this.#startNext();
    });
    if (!isStanding(task)) this.#running.add(run);
  }

  async #run({ request, line, controller: { signal } }: Task): Promise<void> {
    const { backend, writer, log } = this.#options;
    if (signal.aborted) return;
    try {
      await backend.request(request, line, signal);
    } catch (thrown) {
      log.error({ err: thrown }, "request failed");
    }
    // A place is free once the answer is taken: else answers would pile up before a client that does not read.
    await writer.ready();
  }

  #startNext(): void {
    if (this.#running.size >= maxRunning) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#waitingBytes -= next.cost;
    this.#start(next);
  }

  #cancel(requestId: unknown): void {
    for (const task of this.#tasks) {
      if (task.request.id === requestId) task.controller.abort(cancelledByClient);
    }
  }

  async #finish(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
  }
}

/** Subscriptions stay open for as long as the client likes: they take no place, and nobody waits for their end. */
function isStanding({ request }: Task): boolean {
  return request.method === "subscriptions/listen";
}
