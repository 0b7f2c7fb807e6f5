import { abortReason } from "../../limits/clock.ts";
import { type AppError, toAppError } from "../../errors/app-error.ts";
import type { RotationParts } from "./rotation-parts.ts";
import { StepFailure } from "./step-failure.ts";

export interface PersistOptions {
  /** The job's: a shutdown is no failure of the work. */
  signal: AbortSignal;
  tries: number;
  isRepeatable?(error: AppError, thrown: unknown): boolean;
}

/**
 * Does work at a service or a backend, again while its errors are of the passing kind, within a budget. Throws
 * StepFailure when that did not help, and the signal's reason when the process has to stop.
 */
export async function persist<Result>(
  { clock, limits }: Pick<RotationParts, "clock" | "limits">,
  { signal, tries, isRepeatable }: PersistOptions,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withDeadline(work, signal, limits.callTimeoutMs);
    } catch (thrown) {
      if (signal.aborted) throw abortReason(signal);
      const error = toAppError(thrown);
      if (attempt >= tries || !(isRepeatable?.(error, thrown) ?? error.retryable)) throw new StepFailure(error);
    }
    const ceilingMs = limits.retryPauseMs * 2 ** (attempt - 1);
    await clock.sleep(Math.round(ceilingMs / 2 + (Math.random() * ceilingMs) / 2), signal);
  }
}

/** Also for work that does not listen to its signal. */
async function withDeadline<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Result> {
  const cut = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(abortReason(cut));
  cut.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([work(cut), late]);
  } finally {
    cut.removeEventListener("abort", giveUp);
  }
}
