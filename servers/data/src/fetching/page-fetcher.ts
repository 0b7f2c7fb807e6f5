import { AppError } from "@sophia/core/errors/app-error";
import { BodyTooLargeError } from "@sophia/core/http/body";
import type { PublicFetch } from "@sophia/core/http/public-fetch";
import { robotName } from "../domain/robots.ts";
import type { CrawlPause } from "./crawl-pause.ts";
import type { RobotsCache } from "./robots-cache.ts";

export interface FetchedBody {
  url: string;
  finalUrl: string;
  contentType: string | undefined;
  contentLanguage: string | undefined;
  body: Buffer;
}

export interface PageFetcher {
  /** One page, as its site's robots.txt allows. */
  fetch(url: string, signal: AbortSignal): Promise<FetchedBody>;
}

const maxBytes = 10 * 1024 * 1024;
const timeoutMs = 20_000;
const headers = {
  accept: "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9, */*;q=0.5",
  "accept-language": "en, *;q=0.5",
};

export function userAgent(contact: string | undefined): string {
  return contact === undefined ? `${robotName}/0.1` : `${robotName}/0.1 (+${contact})`;
}

export function createPageFetcher(options: {
  fetch: PublicFetch;
  robots: RobotsCache;
  pause: CrawlPause;
}): PageFetcher {
  async function assertAllowed(url: string, signal: AbortSignal): Promise<number> {
    const policy = await options.robots.policyFor(url, signal);
    if (policy.isAllowed(url)) return policy.crawlDelayMs;
    if (!policy.isKnown) {
      throw new AppError("upstream", "The site's robots.txt cannot be read now, so the site is left alone.", {
        hint: "Try again in ten minutes, or use another source.",
      });
    }
    throw new AppError("denied", "The site's robots.txt does not allow this page to be read by programs.", {
      hint: "Use another source, or ask the site's owner.",
    });
  }

  return {
    async fetch(url, signal) {
      const crawlDelayMs = await assertAllowed(url, signal);
      const { host } = new URL(url);
      await options.pause.wait(host, crawlDelayMs, signal);
      const request = { signal, maxBytes, timeoutMs, headers };
      const answer = await options.fetch(url, request).catch((error: unknown) => {
        throw isTooLarge(error) ? tooLarge(error) : error;
      });
      // A redirect must not lead around the rules of the page it ends on.
      if (answer.finalUrl !== url) await assertAllowed(answer.finalUrl, signal);
      if (answer.status < 200 || answer.status >= 300) throw refusalOf(answer.status, answer.headers);
      return {
        url,
        finalUrl: answer.finalUrl,
        contentType: answer.headers["content-type"],
        contentLanguage: answer.headers["content-language"],
        body: answer.body,
      };
    },
  };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof AppError && error.cause instanceof BodyTooLargeError;
}

function tooLarge(cause: unknown): AppError {
  return new AppError("upstream", `The page is larger than ${maxBytes >> 20} MB, the most that is read of one.`, {
    hint: "Give the address of a part of it, or of its print or feed version.",
    retryable: false,
    cause,
  });
}

function refusalOf(status: number, headers: Record<string, string>): AppError {
  if (status === 404 || status === 410) {
    return new AppError("not_found", "The site has no page at this address.", { status, hint: "Check the address." });
  }
  if (status === 401 || status === 402 || status === 403 || status === 451) {
    return new AppError("denied", "The site refuses to show this page to us.", {
      status,
      hint: "It may need a login, or block programs. Use another source.",
    });
  }
  if (status === 429 || status === 503) {
    const seconds = Number(headers["retry-after"]);
    const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3600) * 1000 : 30_000;
    return new AppError("rate_limited", "The site asks us to come back later.", { status, retryAfterMs });
  }
  return new AppError("upstream", `The site answered with status ${status} instead of the page.`, {
    status,
    hint: "Try again later, or use another source.",
    retryable: status >= 500,
  });
}
