/**
 * How Node runs a server process. A young generation of 8 MB: with V8's default of 16 MB and more a busy server keeps
 * some 30 MB (150 MB when calls go through the SDK) it does not need; with 4 MB what a request needs for a quarter of a
 * second grows old, and is collected at many times the cost (`pnpm bench gateway`). Collected by one thread: several
 * wait for each other longer than such a small space takes. Warnings about experimental built-ins do not belong in an
 * operator's log.
 */
export const serverNodeFlags: readonly string[] = [
  "--max-semi-space-size=8",
  "--no-parallel-scavenge",
  "--disable-warning=ExperimentalWarning",
];
