import { AppError } from "@sophia/core/errors/app-error";
import { createPublicFetch, type PublicFetch, type PublicPage } from "@sophia/core/http/public-fetch";
import { startFakeUpstream } from "@sophia/core/testing/fake-upstream";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { createCrawlPause } from "./crawl-pause.ts";
import { createPageFetcher } from "./page-fetcher.ts";
import { createRobotsCache } from "./robots-cache.ts";

const log = pino({ level: "silent" });
const signal = new AbortController().signal;
const page = (status: number, text: string): PublicPage => ({
  finalUrl: "https://example.com/robots.txt",
  status,
  headers: {},
  body: Buffer.from(text),
});

function setUp(answer: () => Promise<PublicPage>) {
  const asked: string[] = [];
  const clock = createVirtualClock();
  const fetch: PublicFetch = async (url) => {
    asked.push(url);
    return await answer();
  };
  return { asked, clock, cache: createRobotsCache({ fetch, clock, log }) };
}

test("one question per origin, shared by all who wait, for a day", async () => {
  const { asked, clock, cache } = setUp(async () => page(200, "User-agent: *\nDisallow: /no"));
  const policies = await Promise.all(
    ["/a", "/b", "/no"].map((path) => cache.policyFor(`https://example.com${path}`, signal)),
  );
  expect(policies[2]?.isAllowed("https://example.com/no")).toBe(false);
  await cache.policyFor("https://other.example:8443/x", signal);
  expect(asked).toEqual(["https://example.com/robots.txt", "https://other.example:8443/robots.txt"]);
  await clock.advance(24 * 3600 * 1000 + 1);
  await cache.policyFor("https://example.com/a", signal);
  expect(asked).toHaveLength(3);
});

test("no file allows; a site in trouble is left alone for ten minutes", async () => {
  const gone = setUp(async () => page(404, "not here"));
  expect((await gone.cache.policyFor("https://example.com/a", signal)).isAllowed("https://example.com/a")).toBe(true);
  const broken = setUp(async () => page(500, ""));
  expect(await broken.cache.policyFor("https://example.com/a", signal)).toMatchObject({ isKnown: false });
  await broken.clock.advance(9 * 60_000);
  await broken.cache.policyFor("https://example.com/a", signal);
  expect(broken.asked).toHaveLength(1);
  await broken.clock.advance(2 * 60_000);
  await broken.cache.policyFor("https://example.com/a", signal);
  expect(broken.asked).toHaveLength(2);
});

test("a failed connection is told as it is, and tried again soon", async () => {
  const { asked, clock, cache } = setUp(() => Promise.reject(new Error("no route")));
  await expect(cache.policyFor("https://example.com/a", signal)).rejects.toThrow("no route");
  await clock.advance(31_000);
  await expect(cache.policyFor("https://example.com/a", signal)).rejects.toThrow("no route");
  expect(asked).toHaveLength(2);
});

test("a robots.txt that does not come in time is a site in trouble, and is not waited for again at once", async () => {
  const { asked, clock, cache } = setUp(() => Promise.reject(new AppError("timeout", "The page did not answer.")));
  expect(await cache.policyFor("https://example.com/a", signal)).toMatchObject({ isKnown: false });
  await clock.advance(9 * 60_000);
  expect(await cache.policyFor("https://example.com/a", signal)).toMatchObject({ isKnown: false });
  expect(asked).toHaveLength(1);
});

test("a robots.txt that redirects in circles is told as the file's trouble, not as the page's", async () => {
  const upstream = await startFakeUpstream();
  onTestFinished(() => upstream.stop());
  upstream.on("GET /robots.txt", { status: 301, headers: { location: "/robots.txt" } });
  const clock = createVirtualClock();
  const fetch = createPublicFetch({ log, allowPrivate: ["127.0.0.1"], limits: { rate: { requests: 99, perMs: 1 } } });
  const robots = createRobotsCache({ fetch, clock, log });
  const fetcher = createPageFetcher({ fetch, robots, pause: createCrawlPause(clock) });
  await expect(fetcher.fetch(`${upstream.url}/a`, signal)).rejects.toMatchObject({
    message: "The site's robots.txt cannot be read now, so the site is left alone.",
  });
  // An address that is itself refused is told as that.
  await expect(fetcher.fetch("http://10.0.0.1/a", signal)).rejects.toMatchObject({ kind: "denied" });
});

test("a caller that goes away does not take the answer from the others", async () => {
  const { promise, resolve } = Promise.withResolvers<PublicPage>();
  const { cache } = setUp(() => promise);
  const controller = new AbortController();
  const leaving = cache.policyFor("https://example.com/a", controller.signal);
  const staying = cache.policyFor("https://example.com/a", signal);
  controller.abort(new Error("gone"));
  await expect(leaving).rejects.toThrow("gone");
  resolve(page(200, ""));
  expect((await staying).isKnown).toBe(true);
});
