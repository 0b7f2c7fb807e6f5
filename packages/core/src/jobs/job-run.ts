import type { Logger } from "pino";
import { AppError, type ErrorKind, toAppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Progress } from "./progress.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { type JobFailure, type JobOutcome, type JournalRow, type Lease, writeOutcome } from "./job-journal.ts";
import { fencedOut, finishStep, forgetStep, startStep } from "./job-steps.ts";

export interface StepOptions {
  /**
   * False for an effect that must not happen twice and has no key at the vendor: if a crash or an unclear error leaves
   * it open, the job ends as `unknown` instead of running it again. Default true.
   */
  repeatable?: boolean;
}

export interface JobRun<Input> {
  id: string;
  input: Input;
  /** 1 for the first run. */
  attempt: number;
  /** Grows with each owner; hand it to outside systems that can refuse an older one. */
  fencingToken: number;
  /** Aborts on `abort`, on shutdown, at the deadline, and when the lease has passed to another process. */
  signal: AbortSignal;
  /** Journalled: a finished step is not run again, its result (JSON) is returned instead. Names are unique within a job. */
  step<T>(name: string, work: () => Promise<T>, options?: StepOptions): Promise<T>;
  /** Kept with the job, at most one write per heartbeat. */
  progress(progress: Progress): void;
}

export interface JobOptions {
  /** False when the handler has effects outside of steps that must not happen twice. Default true. */
  repeatable?: boolean;
  /** Runs in all, crashes included. Default 5. */
  maxAttempts?: number;
  /** Default one hour. */
  timeoutMs?: number;
  /** True for kinds that may run for hours: one place of the process is kept free of them. Default false. */
  isLong?: boolean;
}

export type JobHandler<Input> = (run: JobRun<Input>) => Promise<unknown>;

export interface JobDefinition extends Required<JobOptions> {
  handler: JobHandler<unknown>;
}

type AbortCause = "aborted" | "stopping" | "lost" | "timeout";

/** One job being run by this process. */
export interface ActiveRun {
  readonly lease: Lease;
  readonly kind: string;
  /** Monotonic time of the last sign of life that was written, and of the last try. */
  beatAt: number;
  beatTriedAt: number;
  interrupt(cause: AbortCause): void;
  /** The latest progress not yet written, as JSON. */
  takeProgress(): string | undefined;
  /** Resolves when the outcome is written or the lease is lost. Never rejects. */
  readonly done: Promise<void>;
}

interface RunState {
  cause?: AbortCause;
  /** Name of a step that may have had its effect. */
  uncertainStep?: string;
  progress?: Progress;
}

interface RunContext {
  store: Store<CoreTables>;
  clock: Clock;
  log: Logger;
  row: JournalRow;
  definition: JobDefinition;
}

/** A handler that ignores its signal is given up after this time; the fencing token keeps it from writing. */
const unwindMs = 10_000;
const backoffBaseMs = 1_000;
const backoffCapMs = 5 * 60_000;
/** Kinds that say the work was refused before it had any effect. */
const refusals: ReadonlySet<ErrorKind> = new Set([
  "invalid_input",
  "not_found",
  "not_configured",
  "denied",
  "approval_required",
  "rate_limited",
  "budget_exceeded",
]);

export function startRun(context: RunContext): ActiveRun {
  const { row } = context;
  const lease = { id: row.id, fencingToken: row.fencing_token };
  const controller = new AbortController();
  const state: RunState = {};
  return {
    lease,
    kind: row.kind,
    beatAt: context.clock.monotonic(),
    beatTriedAt: context.clock.monotonic(),
    interrupt(cause) {
      state.cause ??= cause;
      controller.abort(reasonFor(state.cause));
    },
    takeProgress() {
      const text = state.progress && JSON.stringify(state.progress);
      delete state.progress;
      return text;
    },
    done: runToEnd(context, lease, { controller, state }),
  };
}

function reasonFor(cause: AbortCause): Error {
  if (cause === "timeout") return new AppError("timeout", "The job ran longer than its deadline.");
  if (cause === "lost") return fencedOut();
  return new DOMException(cause === "stopping" ? "The server is stopping." : "The job was aborted.", "AbortError");
}

async function runToEnd(
  context: RunContext,
  lease: Lease,
  { controller, state }: { controller: AbortController; state: RunState },
): Promise<void> {
  const { store, clock, log, row, definition } = context;
  const finished = new AbortController();
  void enforceDeadline(clock, definition.timeoutMs, finished.signal).then((late) => {
    if (!late) return;
    state.cause ??= "timeout";
    controller.abort(reasonFor(state.cause));
  });
  let outcome: JobOutcome;
  try {
    const handled = Promise.resolve(definition.handler(buildRun(context, lease, { signal: controller.signal, state })));
    outcome = { state: "succeeded", result: await unwind(handled, clock, controller.signal, finished.signal) };
    if (state.uncertainStep !== undefined) outcome = uncertainOutcome(state.uncertainStep);
  } catch (error) {
    if (!(error instanceof AppError) && state.cause === undefined)
      log.error({ err: error, job: row.id }, "A job failed.");
    outcome = resolveOutcome(toAppError(error), row, { definition, state });
  } finally {
    finished.abort();
  }
  if (state.cause === "lost") return;
  const progress = state.progress && JSON.stringify(state.progress);
  try {
    const kept = await store.transaction((tx) => writeOutcome(tx, lease, outcome, { now: clock.now(), progress }));
    if (!kept) log.warn({ job: row.id }, "A job ended after its lease had passed on; its outcome was not written.");
  } catch (error) {
    // The lease runs out and the job is taken up again from its last finished step.
    log.error({ err: error, job: row.id }, "The outcome of a job could not be written.");
  }
}

async function enforceDeadline(clock: Clock, timeoutMs: number, finished: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(timeoutMs, finished);
    return true;
  } catch {
    return false;
  }
}

/** The handler's result, or its signal's reason when it does not react to the signal in time. */
async function unwind(
  handled: Promise<unknown>,
  clock: Clock,
  signal: AbortSignal,
  finished: AbortSignal,
): Promise<unknown> {
  const gaveUp = new Promise<never>((_resolve, reject) => {
    const giveUp = () => {
      void enforceDeadline(clock, unwindMs, finished).then((late) => {
        if (late) reject(signal.reason as Error);
      });
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
  return await Promise.race([handled, gaveUp]);
}

function buildRun(
  { store, clock, row }: RunContext,
  lease: Lease,
  { signal, state }: { signal: AbortSignal; state: RunState },
): JobRun<unknown> {
  return {
    id: row.id,
    input: JSON.parse(row.input),
    attempt: row.attempt,
    fencingToken: row.fencing_token,
    signal,
    progress(progress) {
      state.progress = progress;
    },
    async step<T>(name: string, work: () => Promise<T>, options: StepOptions = {}): Promise<T> {
      signal.throwIfAborted();
      const repeatable = options.repeatable ?? true;
      const start = await startStep(store, lease, { name, repeatable, now: clock.now() });
      if (start.kind === "finished") return start.result as T;
      if (start.kind === "uncertain") {
        state.uncertainStep = name;
        throw uncertainError(name);
      }
      let result: T;
      try {
        result = await work();
      } catch (error) {
        const refused = refusals.has(toAppError(error).kind);
        if (!repeatable && !refused) state.uncertainStep = name;
        if (!repeatable && refused) await forgetStep(store, lease, { name, now: clock.now() });
        throw error;
      }
      await finishStep(store, lease, { name, result, now: clock.now() });
      return result;
    },
  };
}

function uncertainError(step: string): AppError {
  return new AppError("unavailable", `Whether the step "${step}" had its effect is unknown; it was not repeated.`, {
    hint: "Look at the outside system, then start a new job if it is still needed.",
    retryable: false,
  });
}

function uncertainOutcome(step: string): JobOutcome {
  return { state: "unknown", failure: toFailure(uncertainError(step)) };
}

function resolveOutcome(
  error: AppError,
  row: JournalRow,
  { definition, state }: { definition: JobDefinition; state: RunState },
): JobOutcome {
  if (state.uncertainStep !== undefined) return uncertainOutcome(state.uncertainStep);
  const failure = toFailure(error);
  if (!definition.repeatable && !refusals.has(error.kind)) return { state: "unknown", failure };
  if (state.cause === "aborted") {
    return { state: "aborted", failure: { kind: "denied", message: "The job was aborted while it ran." } };
  }
  if (state.cause === "stopping") return { state: "released" };
  if (!error.retryable || row.attempt >= definition.maxAttempts) return { state: "failed", failure };
  const ceilingMs = Math.min(backoffCapMs, backoffBaseMs * 2 ** (row.attempt - 1));
  // Half fixed, half random: no thundering herd, and never at once.
  const delayMs = Math.max(error.retryAfterMs ?? 0, ceilingMs / 2 + (Math.random() * ceilingMs) / 2);
  return { state: "retry", failure, delayMs: Math.round(Math.min(delayMs, 24 * 60 * 60_000)) };
}

export function toFailure(error: AppError): JobFailure {
  const { kind, message, hint } = error;
  return { kind, message, ...(hint === undefined ? {} : { hint }) };
}
