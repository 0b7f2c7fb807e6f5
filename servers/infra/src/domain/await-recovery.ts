import type { Clock } from "@sophia/core/limits/clock";
import type { Progress } from "@sophia/core/jobs/progress";

/** One look at something that was restarted. */
export interface Recovery {
  /** It is the new process, and as well as it can be. */
  done: boolean;
  /** It ended again: waiting longer is useless. */
  failed: boolean;
  detail: string;
}

export interface RecoveryWait {
  look(): Promise<Recovery>;
  clock: Clock;
  signal: AbortSignal;
  deadlineMs: number;
  progress(update: Progress): void;
}

const pauseMs = 500;

/** Looks twice a second until it is well, has failed, or the deadline passed. Returns the last look and the time it took. */
export async function awaitRecovery(wait: RecoveryWait): Promise<Recovery & { waitedMs: number }> {
  const startedAt = wait.clock.monotonic();
  for (;;) {
    const recovery = await wait.look();
    const waitedMs = Math.round(wait.clock.monotonic() - startedAt);
    if (recovery.done || recovery.failed || waitedMs + pauseMs > wait.deadlineMs) return { ...recovery, waitedMs };
    wait.progress({
      done: Math.round(waitedMs / 1000),
      total: Math.round(wait.deadlineMs / 1000),
      message: recovery.detail,
    });
    await wait.clock.sleep(pauseMs, wait.signal);
  }
}
