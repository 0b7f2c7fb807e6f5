import { AppError } from "./app-error.ts";

/** What the work comes to; undefined when that is AppError `not_found`. Throws every other error. */
export async function unlessMissing<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.kind === "not_found") return undefined;
    throw thrown;
  }
}
