/**
 * How Node runs a server process (`pnpm bench gateway`, `pnpm bench mcp`). A young generation of 16 MB from the start:
 * with less, what a busy gateway holds for a quarter of a second grows old, and is collected at many times the cost. It
 * is collected by one thread, because several wait for each other longer than so small a space takes. The old generation
 * is collected when it has grown by half; left to itself it triples first. Warnings about experimental built-ins do not
 * belong in an operator's log.
 */
export const serverNodeFlags: readonly string[] = [
  "--max-semi-space-size=16",
  "--min-semi-space-size=16",
  "--no-parallel-scavenge",
  "--heap-growing-percent=50",
  "--disable-warning=ExperimentalWarning",
];
