import { AppError } from "../errors/app-error.ts";

export interface QueueLock {
  /** Resolves with the function that gives the lock back. */
  acquire(): Promise<() => void>;
}

/** First come, first served, within one process. Waiting is bounded in number and in time. */
export function createQueueLock(limits: { maxWaiting: number; maxWaitMs: number }): QueueLock {
  const waiting: (() => void)[] = [];
  let held = false;

  function createRelease(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = waiting.shift();
      if (next) next();
      else held = false;
    };
  }

  return {
    acquire() {
      if (!held) {
        held = true;
        return Promise.resolve(createRelease());
      }
      if (waiting.length >= limits.maxWaiting) return Promise.reject(busyError());
      return new Promise((resolve, reject) => {
        const enter = () => {
          clearTimeout(timer);
          resolve(createRelease());
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(enter), 1);
          reject(busyError());
        }, limits.maxWaitMs);
        waiting.push(enter);
      });
    },
  };
}

function busyError(): AppError {
  return new AppError("unavailable", "The store has more writes waiting than it can take.", {
    hint: "Try again in a few seconds.",
    retryAfterMs: 2_000,
  });
}
