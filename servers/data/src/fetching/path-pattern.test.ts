import { expect, test } from "vitest";
import { isWanted, matchesPath } from "./path-pattern.ts";

test.each([
  ["/news/*", "/news/a/b?c=d", true],
  ["/news/*", "/news", false],
  ["/news", "/news/", false],
  ["*/print", "/a/print", true],
  ["/a*b*c", "/abc", true],
  ["/a*b*c", "/acb", false],
  ["/ab*ba", "/aba", false],
  ["/a*xy*y", "/axy", false],
  ["*", "/", true],
])("%s and %s: %s", (pattern, path, expected) => {
  expect(matchesPath(pattern, path)).toBe(expected);
});

test("many stars cost no more than the length of the path", () => {
  const startedAt = process.cpuUsage().user;
  expect(matchesPath("*a".repeat(100) + "*b", "a".repeat(100_000))).toBe(false);
  expect((process.cpuUsage().user - startedAt) / 1_000).toBeLessThan(500);
});

test("exclude wins over include, and no include means all", () => {
  const url = "https://example.com/news/1?print=1";
  expect(isWanted(url, { include: [], exclude: [] })).toBe(true);
  expect(isWanted(url, { include: ["/news/*"], exclude: ["*print=*"] })).toBe(false);
  expect(isWanted(url, { include: ["/blog/*"], exclude: [] })).toBe(false);
});
