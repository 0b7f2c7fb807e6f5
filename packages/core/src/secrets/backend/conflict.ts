import { AppError } from "../../errors/app-error.ts";

const conflicts = new WeakSet<AppError>();

/** Somebody else wrote the environment since it was read. */
export function createConflict(message: string, hint: string): AppError {
  const error = new AppError("invalid_input", message, { hint, retryable: true, status: 409 });
  conflicts.add(error);
  return error;
}

export function isConflict(thrown: unknown): boolean {
  return thrown instanceof AppError && conflicts.has(thrown);
}
