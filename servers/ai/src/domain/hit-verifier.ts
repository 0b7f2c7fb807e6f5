import type { SemanticCacheOptions } from "@sophia/core/cache/semantic-cache-options";
import type { Reranker } from "@sophia/core/embed/reranker";
import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";

export interface HitVerifierOptions {
  reranker: Reranker;
  /** Without a cross-encoder's word nothing is served by meaning. */
  required: boolean;
  clock: Clock;
  log: Logger;
  /** Default 300: the caller waits. */
  deadlineMs?: number;
}

type Verify = NonNullable<SemanticCacheOptions<never>["verify"]>;

/** A cross-encoder's score from which two questions count as one. */
const sameQuestion = 0.5;
/** One that did not answer is not asked again for so long: each hit would wait for it. */
const restMs = 10_000;

/**
 * The second opinion on a hit of the semantic cache: a cross-encoder reads both questions together. While it is away,
 * hits are served without it, or not at all where it is required; the log says so once.
 */
export function createHitVerifier({ reranker, required, clock, log, deadlineMs = 300 }: HitVerifierOptions): Verify {
  let restsUntil = -Infinity;
  let isAway = false;

  function noteAway(error: unknown): void {
    restsUntil = clock.monotonic() + restMs;
    const consequence = required ? "nothing is served by meaning" : "hits are served without it";
    if (!isAway) log.warn({ err: error }, `cross-encoder away: ${consequence} until it is back`);
    isAway = true;
  }

  return async (asked, earlier, { signal, account }) => {
    if (clock.monotonic() < restsUntil) return !required;
    const deadline = AbortSignal.timeout(deadlineMs);
    try {
      const { results, method = reranker.status().method } = await reranker.rerank(asked, [earlier], {
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        ...(account && { account }),
      });
      // Vectors have said their word already.
      if (method !== "cross-encoder") return !required;
      if (isAway) log.info("cross-encoder back");
      isAway = false;
      return (results[0]?.score ?? 0) >= sameQuestion;
    } catch (error) {
      signal?.throwIfAborted();
      noteAway(error);
      return !required;
    }
  };
}

/** SOPHIA_AI_CACHE_VERIFY. Throws AppError `not_configured` where what is required cannot be had. */
export function toHitVerifier(
  wish: "off" | "available" | "required",
  parts: Omit<HitVerifierOptions, "required">,
): Verify | undefined {
  const isThere = parts.reranker.status().method === "cross-encoder";
  if (wish === "required" && !isThere) {
    throw new AppError("not_configured", "SOPHIA_AI_CACHE_VERIFY is required, and there is no cross-encoder.", {
      hint: "Name one with SOPHIA_TEI_RERANK_URL, or set SOPHIA_AI_CACHE_VERIFY to available.",
    });
  }
  return wish === "off" || !isThere ? undefined : createHitVerifier({ ...parts, required: wish === "required" });
}
