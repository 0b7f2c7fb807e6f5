import type { AppError } from "../../errors/app-error.ts";

/** A step came to an end that no further try changes: the rotation is undone. */
export class StepFailure extends Error {
  readonly error: AppError;

  constructor(error: AppError) {
    super(error.message, { cause: error });
    this.name = "StepFailure";
    this.error = error;
  }
}
