import { AppError, toAppError } from "@sophia/core/errors/app-error";
import type { ChildError, ChildProgress, FromChild, ToChild } from "./child-messages.ts";

export interface ChildCall {
  /** Aborts when the parent wants the work to stop: deadline or cancellation. */
  signal: AbortSignal;
  progress(update: ChildProgress): void;
}

export type ChildHandler = (input: never, call: ChildCall) => Promise<unknown>;

const watchEveryMs = 20;
const detailLimit = 2_000;

/**
 * Answers the parent's calls in this child process.
 *
 * DuckDB's `memory_limit` does not count what one expression allocates (`repeat('x', 2e9)` took 4 GB under a limit of
 * 256 MB), so the process watches its own resident size and ends itself. Native code cannot be unwound: only SIGKILL
 * is certain.
 */
export function hostCalls(handlers: Readonly<Record<string, ChildHandler>>, maxRssBytes: number): void {
  const running = new Map<number, AbortController>();
  process.on("message", (message: ToChild) => {
    if (message.type === "interrupt") running.get(message.id)?.abort();
    else void answer(handlers, message, running);
  });
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  let dying = false;
  setInterval(() => {
    const rssBytes = process.memoryUsage.rss();
    if (dying || rssBytes <= maxRssBytes) return;
    dying = true;
    const end = (): boolean => process.kill(process.pid, "SIGKILL");
    process.send?.({ type: "memory_exceeded", rssBytes } satisfies FromChild, undefined, undefined, end);
    setTimeout(end, 50);
  }, watchEveryMs);
  send({ type: "ready" });
}

async function answer(
  handlers: Readonly<Record<string, ChildHandler>>,
  message: Extract<ToChild, { type: "call" }>,
  running: Map<number, AbortController>,
): Promise<void> {
  const { id, kind } = message;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const handler = handlers[kind];
    if (!handler) throw new AppError("internal", "Unknown call.");
    const value = await handler(message.input as never, {
      signal: controller.signal,
      progress: (progress) => send({ type: "progress", id, progress }),
    });
    send({ type: "result", id, value });
  } catch (thrown) {
    send({ type: "error", id, error: toChildError(thrown) });
  } finally {
    running.delete(id);
  }
}

function toChildError(thrown: unknown): ChildError {
  const error = toAppError(thrown);
  const cause = error.cause;
  return {
    kind: error.kind,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(cause instanceof Error ? { detail: (cause.stack ?? cause.message).slice(0, detailLimit) } : {}),
  };
}

function send(message: FromChild): void {
  process.send?.(message);
}
