import { isConflict } from "./conflict.ts";

/** Each try is a whole read and write: who loses that often has a busy program against him. */
const maximumTries = 5;

/** Runs a read and the write on top of it, again when somebody else was faster. Throws the fifth conflict. */
export async function retryConflicts<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (!isConflict(thrown) || tries >= maximumTries) throw thrown;
    }
  }
}
