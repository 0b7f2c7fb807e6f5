/** When a server that ended is started again, and when that is given up. All times in milliseconds. */
export interface RestartLimits {
  /** A server that is not ready by then is killed and counts as crashed. */
  readyTimeoutMs: number;
  /** Silence of a ready server that counts as a hang. */
  silenceMs: number;
  /** Delay before the second restart; it doubles with each further one. The first restart is at once. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** Crashes in a row after which the server is left stopped. */
  maxCrashes: number;
  /** A server ready for this long has recovered: its crashes are forgotten. */
  stableMs: number;
  /** How long a server may finish its running calls after SIGTERM. */
  graceMs: number;
}

export const defaultLimits: RestartLimits = {
  readyTimeoutMs: 60_000,
  silenceMs: 2_000,
  firstDelayMs: 250,
  maxDelayMs: 30_000,
  maxCrashes: 10,
  stableMs: 60_000,
  graceMs: 12_000,
};

/** Delay before the restart after the given number of crashes in a row. Half of it is jitter, so that four do not march in step. */
export function restartDelayMs(crashes: number, limits: RestartLimits, random: () => number): number {
  if (crashes <= 1) return 0;
  const full = Math.min(limits.maxDelayMs, limits.firstDelayMs * 2 ** (crashes - 2));
  return Math.round(full / 2 + (full / 2) * random());
}
