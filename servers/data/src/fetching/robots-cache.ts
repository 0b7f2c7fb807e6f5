import { AppError } from "@sophia/core/errors/app-error";
import { isRefusedRedirect, type PublicFetch } from "@sophia/core/http/public-fetch";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { parseRobots, policyOfStatus, type RobotsPolicy, unknownPolicy } from "../domain/robots.ts";

export interface RobotsCache {
  /** Rules for the origin of `url`, fetched once and kept for a day; when the site could not answer, for minutes only. */
  policyFor(url: string, signal: AbortSignal): Promise<RobotsPolicy>;
}

interface Entry {
  policy: Promise<RobotsPolicy>;
  expiresAt: number;
}

const keepMs = 24 * 60 * 60 * 1000;
const keepUnknownMs = 10 * 60 * 1000;
const keepFailureMs = 30 * 1000;
const maxOrigins = 5_000;
const fetchTimeoutMs = 10_000;

export function createRobotsCache(options: { fetch: PublicFetch; clock: Clock; log: Logger }): RobotsCache {
  const entries = new Map<string, Entry>();

  async function fetchPolicy(origin: string, entry: { expiresAt: number }): Promise<RobotsPolicy> {
    const url = `${origin}/robots.txt`;
    try {
      // Shared by all who wait for this origin, so that one caller's cancellation must not end it.
      const answer = await options.fetch(url, {
        signal: new AbortController().signal,
        timeoutMs: fetchTimeoutMs,
        maxBytes: 4 * 1024 * 1024,
        headers: { accept: "text/plain, */*;q=0.5" },
      });
      const policy = policyOfStatus(answer.status);
      if (policy?.isKnown === false) entry.expiresAt = options.clock.monotonic() + keepUnknownMs;
      return policy ?? parseRobots(url, answer.body.toString("utf8"));
    } catch (error) {
      options.log.info({ origin, err: error }, "robots.txt could not be read; the site is left alone for now.");
      // The site's trouble like a 500; told as it is, it would read as if the page had been slow or led in circles.
      const isOfTheFile = (error instanceof AppError && error.kind === "timeout") || isRefusedRedirect(error);
      entry.expiresAt = options.clock.monotonic() + (isOfTheFile ? keepUnknownMs : keepFailureMs);
      if (isOfTheFile) return unknownPolicy;
      throw error;
    }
  }

  return {
    async policyFor(url, signal) {
      const { origin } = new URL(url);
      const now = options.clock.monotonic();
      let entry = entries.get(origin);
      if (!entry || entry.expiresAt <= now) {
        const fresh = { expiresAt: now + keepMs } as Entry;
        fresh.policy = fetchPolicy(origin, fresh);
        fresh.policy.catch(() => {});
        entry = fresh;
        entries.delete(origin);
        entries.set(origin, fresh);
        const oldest = entries.size > maxOrigins ? entries.keys().next().value : undefined;
        if (oldest !== undefined) entries.delete(oldest);
      }
      return await raceAbort(entry.policy, signal);
    },
  };
}

async function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
