import { BodyTooLargeError } from "@sophia/core/http/body";
import { fromFailure } from "@sophia/core/http/failures";
import type { PublicFetch } from "@sophia/core/http/public-fetch";
import { expect, test } from "vitest";
import { parseRobots, unknownPolicy, type RobotsPolicy } from "../domain/robots.ts";
import { createPageFetcher, userAgent } from "./page-fetcher.ts";

const { signal } = new AbortController();
const url = "https://example.com/a";

function setUp(
  answer: { status?: number; finalUrl?: string; headers?: Record<string, string> },
  policy?: RobotsPolicy,
  onFetch?: () => void,
) {
  const asked: string[] = [];
  const waited: number[] = [];
  const fetch: PublicFetch = async (address) => {
    asked.push(address);
    onFetch?.();
    const headers = { "content-type": "text/html", ...answer.headers };
    return { finalUrl: answer.finalUrl ?? address, status: answer.status ?? 200, headers, body: Buffer.from("x") };
  };
  const rules = policy ?? parseRobots("https://example.com/robots.txt", "User-agent: *\nDisallow: /no\nCrawl-delay: 3");
  const fetcher = createPageFetcher({
    fetch,
    robots: { policyFor: async () => rules },
    pause: { wait: async (_host, delayMs) => void waited.push(delayMs) },
  });
  return { asked, waited, fetcher };
}

test("fetches what robots.txt allows, after the pause the site asks for", async () => {
  const { asked, waited, fetcher } = setUp({});
  expect(await fetcher.fetch(url, signal)).toMatchObject({ url, finalUrl: url, contentType: "text/html" });
  expect({ asked, waited }).toEqual({ asked: [url], waited: [3_000] });
});

test("does not ask for what robots.txt forbids, nor follow a redirect there", async () => {
  const { asked, fetcher } = setUp({ finalUrl: "https://example.com/no/way" });
  await expect(fetcher.fetch("https://example.com/no", signal)).rejects.toMatchObject({ kind: "denied" });
  expect(asked).toEqual([]);
  await expect(fetcher.fetch(url, signal)).rejects.toMatchObject({ kind: "denied" });
});

test("leaves a site alone whose robots.txt cannot be read", async () => {
  const { asked, fetcher } = setUp({}, unknownPolicy);
  await expect(fetcher.fetch(url, signal)).rejects.toMatchObject({ kind: "upstream", retryable: true });
  expect(asked).toEqual([]);
});

test.each([
  [404, { kind: "not_found" }],
  [410, { kind: "not_found" }],
  [401, { kind: "denied" }],
  [403, { kind: "denied" }],
  [429, { kind: "rate_limited", retryAfterMs: 7_000 }],
  [503, { kind: "rate_limited", retryAfterMs: 7_000 }],
  [500, { kind: "upstream", retryable: true }],
  [418, { kind: "upstream", retryable: false }],
])("status %i is told apart", async (status, expected) => {
  const { fetcher } = setUp({ status, headers: { "retry-after": "7" } });
  await expect(fetcher.fetch(url, signal)).rejects.toMatchObject(expected);
});

test("a page over the limit is called that, with its size and another way", async () => {
  const { fetcher } = setUp({}, undefined, () => {
    throw fromFailure("The page", new BodyTooLargeError());
  });
  await expect(fetcher.fetch(url, signal)).rejects.toMatchObject({
    kind: "upstream",
    retryable: false,
    message: "The page is larger than 10 MB, the most that is read of one.",
  });
});

test("the user agent names us and, when given, whom to ask", () => {
  expect(userAgent(undefined)).toBe("SophiaBot/0.1");
  expect(userAgent("https://example.com/bot")).toBe("SophiaBot/0.1 (+https://example.com/bot)");
});

test("a page not modified is told as such, with the validators it was asked with", async () => {
  const asked: unknown[] = [];
  const fetch: PublicFetch = async (address, { headers }) => {
    asked.push(headers);
    return { finalUrl: address, status: 304, headers: { etag: '"2"' }, body: Buffer.alloc(0) };
  };
  const robots = { policyFor: async () => parseRobots("https://example.com/robots.txt", "") };
  const fetcher = createPageFetcher({ fetch, robots, pause: { wait: async () => {} } });
  const conditions = { etag: '"2"', lastModified: "Fri, 20 Nov 2026 08:00:00 GMT", finalUrl: url };
  expect(await fetcher.fetch(url, signal, conditions)).toMatchObject({ isNotModified: true, etag: '"2"' });
  expect(asked[0]).toMatchObject({ "if-none-match": '"2"', "if-modified-since": conditions.lastModified });
  // It answers for another page than the one that is kept: asked again without conditions, and 304 is no page then.
  const moved = fetcher.fetch(url, signal, { ...conditions, finalUrl: "https://example.com/b" });
  await expect(moved).rejects.toMatchObject({ kind: "upstream" });
  expect(asked).toHaveLength(3);
  expect(asked[2]).not.toHaveProperty("if-none-match");
});

test("what a site says about the use of its page is handed on; a validator with odd characters is not", async () => {
  const { fetcher } = setUp({ headers: { "x-robots-tag": "noai", "tdm-reservation": "1", etag: '"é"' } });
  const body = await fetcher.fetch(url, signal);
  expect(body).toMatchObject({ robotsTag: "noai", isTdmReserved: true, etag: undefined });
});
