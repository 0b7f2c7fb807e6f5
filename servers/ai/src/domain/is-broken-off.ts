import { AppError } from "@sophia/core/errors/app-error";

/** The caller left while a provider was at work: it bills what it has read, unless it had refused the call before. */
export function isBrokenOff(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && !(error instanceof AppError && error.status !== undefined);
}
