import { expect, test } from "vitest";
import { allowAll, parseRobots, policyOfStatus, unknownPolicy } from "./robots.ts";

const at = (path: string) => `https://example.com${path}`;

test("our own group, the longest match, and allow in a tie", () => {
  const policy = parseRobots(
    at("/robots.txt"),
    "User-agent: *\nDisallow: /\n\nUser-agent: sophiabot\nDisallow: /private\nAllow: /private/open\nDisallow: /*.zip$\nCrawl-delay: 2.5\n",
  );
  expect(policy.isAllowed(at("/"))).toBe(true);
  expect(policy.isAllowed(at("/private/x"))).toBe(false);
  expect(policy.isAllowed(at("/private/open/x"))).toBe(true);
  expect(policy.isAllowed(at("/a.zip"))).toBe(false);
  expect(policy.crawlDelayMs).toBe(2500);
});

test("rules for all count where there are none for us; nonsense allows", () => {
  expect(parseRobots(at("/robots.txt"), "User-agent: *\nDisallow: /no").isAllowed(at("/no/x"))).toBe(false);
  expect(parseRobots(at("/robots.txt"), "<html>404</html>").isAllowed(at("/x"))).toBe(true);
  expect(parseRobots(at("/robots.txt"), "").crawlDelayMs).toBe(0);
});

test.each([
  [200, null],
  [404, allowAll],
  [403, allowAll],
  [429, unknownPolicy],
  [503, unknownPolicy],
])("status %i alone means", (status, policy) => {
  expect(policyOfStatus(status)).toBe(policy);
});
