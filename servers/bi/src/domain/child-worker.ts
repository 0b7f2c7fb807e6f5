import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { AppError } from "@sophia/core/errors/app-error";
import type { Logger } from "pino";
import type { ChildError, ChildProgress, FromChild, ToChild } from "./child-messages.ts";

export interface ChildWorkerOptions {
  /** The TypeScript file the child runs. */
  entry: URL;
  /** The child ends itself above this resident size. */
  maxRssBytes: number;
  log: Logger;
}

export interface CallOptions {
  /** Asked to stop after this long, killed {@link interruptGraceMs} later. */
  timeoutMs: number;
  signal?: AbortSignal;
  progress?(update: ChildProgress): void;
}

interface Pending {
  id: number;
  stopReason: "timeout" | "cancelled" | undefined;
  resolve(value: unknown): void;
  reject(error: AppError): void;
  progress?(update: ChildProgress): void;
}

const startTimeoutMs = 30_000;
/** DuckDB looks for an interrupt between vectors only: one `levenshtein` of two long texts runs for minutes. */
export const interruptGraceMs = 1_000;
const stderrLimit = 4_096;

/** One child process that answers one call at a time, so that a crash or a runaway has exactly one owner. */
export class ChildWorker {
  readonly #options: ChildWorkerOptions;
  #child: ChildProcess | undefined;
  #starting: Promise<ChildProcess> | undefined;
  #pending: Pending | undefined;
  #nextId = 1;
  #closed = false;
  #memoryExceeded = false;

  constructor(options: ChildWorkerOptions) {
    this.#options = options;
  }

  /** The child's process id while it lives. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the child before it is needed. */
  async start(): Promise<void> {
    await this.#ensure();
  }

  async call<Result>(kind: string, input: unknown, options: CallOptions): Promise<Result> {
    if (this.#pending) throw new AppError("internal", "The engine process is busy.");
    options.signal?.throwIfAborted();
    const child = await this.#ensure();
    const id = this.#nextId++;
    const timers: NodeJS.Timeout[] = [];
    const stop = (reason: "timeout" | "cancelled"): void => {
      if (this.#pending?.id !== id || this.#pending.stopReason) return;
      this.#pending.stopReason = reason;
      post(child, { type: "interrupt", id });
      timers.push(setTimeout(() => child.kill("SIGKILL"), interruptGraceMs));
    };
    const onAbort = (): void => stop("cancelled");
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#pending = {
          id,
          stopReason: undefined,
          resolve: (value) => resolve(value as Result),
          reject,
          ...(options.progress ? { progress: options.progress } : {}),
        };
        timers.push(setTimeout(() => stop("timeout"), options.timeoutMs));
        options.signal?.addEventListener("abort", onAbort, { once: true });
        post(child, { type: "call", id, kind, input });
        if (options.signal?.aborted) onAbort();
      });
    } finally {
      this.#pending = undefined;
      options.signal?.removeEventListener("abort", onAbort);
      for (const timer of timers) clearTimeout(timer);
    }
  }

  close(): void {
    this.#closed = true;
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  async #ensure(): Promise<ChildProcess> {
    if (this.#closed) throw new AppError("unavailable", "The warehouse is shutting down.");
    if (this.#child) return this.#child;
    this.#starting ??= this.#spawn().finally(() => {
      this.#starting = undefined;
    });
    return await this.#starting;
  }

  async #spawn(): Promise<ChildProcess> {
    const child = fork(fileURLToPath(this.#options.entry), [String(this.#options.maxRssBytes)], {
      // Nothing of our environment: user SQL runs in there, and secrets live in the environment.
      env: { TZ: "UTC" },
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr = (stderr + chunk.toString("utf8")).slice(-stderrLimit);
    });
    const ready = Promise.withResolvers<ChildProcess>();
    const timer = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
    child.on("message", (message: FromChild) => {
      if (message.type === "ready") ready.resolve(child);
      else this.#receive(message);
    });
    child.on("error", () => child.kill("SIGKILL"));
    child.on("exit", (code, signal) => {
      ready.reject(new AppError("unavailable", "The warehouse engine did not start.", { cause: new Error(stderr) }));
      this.#onExit(child, `${signal ?? code}`, stderr);
    });
    this.#memoryExceeded = false;
    try {
      await ready.promise;
    } finally {
      clearTimeout(timer);
    }
    this.#child = child;
    if (this.#closed) this.close();
    return child;
  }

  #receive(message: Exclude<FromChild, { type: "ready" }>): void {
    if (message.type === "memory_exceeded") {
      this.#memoryExceeded = true;
      return;
    }
    const pending = this.#pending;
    if (pending?.id !== message.id) return;
    if (message.type === "progress") pending.progress?.(message.progress);
    else if (message.type === "result") pending.resolve(message.value);
    else pending.reject(pending.stopReason ? stopped(pending.stopReason) : fromChildError(message.error));
  }

  #onExit(child: ChildProcess, how: string, stderr: string): void {
    if (this.#child === child) this.#child = undefined;
    const pending = this.#pending;
    if (!pending) return;
    this.#options.log.warn({ how, stderr, memoryExceeded: this.#memoryExceeded }, "The engine process ended in a call");
    if (this.#memoryExceeded) pending.reject(memoryExceeded());
    else if (pending.stopReason) pending.reject(stopped(pending.stopReason));
    else if (this.#closed) pending.reject(new AppError("unavailable", "The warehouse is shutting down."));
    else
      pending.reject(
        new AppError("internal", "The engine process ended while it worked on this.", {
          hint: "Other queries are not affected. Rewrite the query in another way.",
        }),
      );
  }
}

/** What a query hears that wanted more memory than it may have, from the engine or from the watchdog. */
export function memoryExceeded(): AppError {
  return new AppError("invalid_input", "The query needed more memory than one query may use.", {
    hint: "Aggregate or filter earlier, select fewer columns, or avoid building very long texts and lists.",
  });
}

function stopped(reason: "timeout" | "cancelled"): AppError {
  return reason === "timeout"
    ? new AppError("timeout", "The query was stopped at its time limit.", {
        hint: "Filter to a shorter period, aggregate before joining, check joins for a missing condition, or raise timeoutMs.",
        retryable: false,
      })
    : new AppError("timeout", "The call was cancelled.", { retryable: false });
}

function fromChildError(error: ChildError): AppError {
  return new AppError(error.kind, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.detail === undefined ? {} : { cause: new Error(error.detail) }),
  });
}

function post(child: ChildProcess, message: ToChild): void {
  // A closed channel means the child is gone; its exit event rejects the call.
  if (child.connected) child.send(message, () => undefined);
}
