/** Ctrl-C in a terminal reaches this process twice: from the terminal, and passed on by npm or the bootstrap. */
const sameGestureMs = 300;

export interface StopHandlers {
  /** Finish what runs, then end. */
  stop(reason: string): void;
  /** End now. */
  kill(exitCode: number): void;
}

/** First signal stops, a second one kills. The death of the process that started this one counts as a signal. */
export function handleStopSignals(handlers: StopHandlers): void {
  let firstAt: number | undefined;
  function handle(reason: string, exitCode: number): void {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      handlers.stop(reason);
    } else if (now - firstAt > sameGestureMs) {
      handlers.kill(exitCode);
    }
  }
  process.on("SIGTERM", () => handle("SIGTERM", 143));
  process.on("SIGINT", () => handle("SIGINT", 130));
  process.on("SIGHUP", () => handle("SIGHUP", 129));
  if (process.connected) {
    process.once("disconnect", () => handle("its starter ended", 1));
    // Listening must not keep a finished command alive.
    process.channel?.unref();
  }
}
