import { AppError } from "@sophia/core/errors/app-error";
import { BodyTooLargeError } from "@sophia/core/http/body";
import type { PublicFetch, PublicPage } from "@sophia/core/http/public-fetch";
import { robotName } from "../domain/robots.ts";
import type { CrawlPause } from "./crawl-pause.ts";
import type { DomainBudget } from "./domain-budget.ts";
import type { RobotsCache } from "./robots-cache.ts";

export interface FetchedBody {
  url: string;
  finalUrl: string;
  contentType: string | undefined;
  contentLanguage: string | undefined;
  body: Buffer;
  /** The site says that what was read before is still so; `body` is empty. Only ever true when asked with conditions. */
  isNotModified: boolean;
  etag: string | undefined;
  lastModified: string | undefined;
  /** X-Robots-Tag as it was sent. */
  robotsTag: string | undefined;
  isTdmReserved: boolean;
}

export interface FetchConditions {
  etag: string | null;
  lastModified: string | null;
  /** Where the address led before: validators say nothing about another page. */
  finalUrl: string;
}

export interface PageFetcher {
  /** One page, as its site's robots.txt allows. With conditions, a page that has not changed is not sent again. */
  fetch(url: string, signal: AbortSignal, conditions?: FetchConditions): Promise<FetchedBody>;
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
  /** Undefined where the owner of the hosts does not matter, as in a benchmark. */
  domains?: DomainBudget;
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

  async function ask(url: string, signal: AbortSignal, extra: Record<string, string>): Promise<PublicPage> {
    const crawlDelayMs = await assertAllowed(url, signal);
    const { host } = new URL(url);
    await options.pause.wait(host, crawlDelayMs, signal);
    const request = { signal, maxBytes, timeoutMs, headers: { ...headers, ...extra } };
    const pass = await options.domains?.enter(url, signal);
    const answer = await options
      .fetch(url, request)
      .catch((error: unknown) => {
        throw isTooLarge(error) ? tooLarge(error) : error;
      })
      .finally(() => pass?.leave("accepted"));
    // A redirect must not lead around the rules of the page it ends on.
    if (answer.finalUrl !== url) await assertAllowed(answer.finalUrl, signal);
    return answer;
  }

  return {
    async fetch(url, signal, conditions) {
      let answer = await ask(url, signal, conditions ? conditionHeaders(conditions) : {});
      const isNotModified = answer.status === 304 && conditions?.finalUrl === answer.finalUrl;
      if (answer.status === 304 && !isNotModified) answer = await ask(url, signal, {});
      if (!isNotModified && (answer.status < 200 || answer.status >= 300)) {
        throw refusalOf(answer.status, answer.headers);
      }
      return toFetchedBody(url, answer, isNotModified);
    },
  };
}

function conditionHeaders({ etag, lastModified }: FetchConditions): Record<string, string> {
  return {
    ...(etag !== null && { "if-none-match": etag }),
    ...(lastModified !== null && { "if-modified-since": lastModified }),
  };
}

/** A validator that cannot be sent back as a header is none. */
function validator(value: string | undefined): string | undefined {
  return value !== undefined && /^[\x21-\x7e][\x20-\x7e]{0,500}$/.test(value) ? value : undefined;
}

function toFetchedBody(url: string, answer: PublicPage, isNotModified: boolean): FetchedBody {
  return {
    url,
    finalUrl: answer.finalUrl,
    contentType: answer.headers["content-type"],
    contentLanguage: answer.headers["content-language"],
    body: answer.body,
    isNotModified,
    etag: validator(answer.headers["etag"]),
    lastModified: validator(answer.headers["last-modified"]),
    robotsTag: answer.headers["x-robots-tag"],
    isTdmReserved: answer.headers["tdm-reservation"]?.trim() === "1",
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
