/**
 * How Node runs a server process. A small young generation: with V8's default of 16 MB and more a busy server keeps
 * some 30 MB (150 MB when calls go through the SDK) it does not need; the cost in CPU was not measurable
 * (`pnpm bench mcp`). Warnings about experimental built-ins do not belong in an operator's log.
 */
export const serverNodeFlags: readonly string[] = ["--max-semi-space-size=4", "--disable-warning=ExperimentalWarning"];
