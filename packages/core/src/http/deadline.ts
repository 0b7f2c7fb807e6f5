import { abortReason, type Clock } from "../limits/clock.ts";

/** The caller's signal and the call's total time as one signal. */
export interface Deadline {
  /** On the monotonic clock. */
  at: number;
  signal: AbortSignal;
  /** The time ran out (and the caller had not given up before). */
  readonly expired: boolean;
  /** Must be called when the call is over: frees the timer and the listener. */
  end(): void;
}

/** Made once: an abort without a reason creates a DOMException, which costs more than the rest of a call's bookkeeping. */
const callOver = new Error("The call is over.");

export function startDeadline(clock: Clock, timeoutMs: number, callerSignal: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  const over = new AbortController();
  let expired = false;
  function giveUp(): void {
    if (callerSignal) controller.abort(abortReason(callerSignal));
  }
  if (callerSignal?.aborted) giveUp();
  callerSignal?.addEventListener("abort", giveUp, { once: true });
  clock.sleep(timeoutMs, over.signal).then(
    () => {
      expired = !controller.signal.aborted;
      controller.abort(new DOMException("The deadline passed.", "TimeoutError"));
    },
    () => undefined,
  );
  return {
    at: clock.monotonic() + timeoutMs,
    signal: controller.signal,
    get expired() {
      return expired;
    },
    end() {
      over.abort(callOver);
      callerSignal?.removeEventListener("abort", giveUp);
    },
  };
}
