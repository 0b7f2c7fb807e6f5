import { AppError } from "@sophia/core/errors/app-error";
import { expect, test } from "vitest";
import { parsePageAddress, parseSite, toSite, toUrlKey } from "./page-address.ts";

test.each([
  ["https://example.com/a#part", "https://example.com/a"],
  ["  https://EXAMPLE.com:443/a b ", "https://example.com/a%20b"],
  ["example.com/page", "https://example.com/page"],
  ['"https://example.com/a"', "https://example.com/a"],
  ['["https://example.com/a"]', "https://example.com/a"],
])("%j is read as %s", (given, address) => {
  expect(parsePageAddress(given)).toBe(address);
});

test.each([
  "",
  "not an address",
  "file:///etc/passwd",
  "gopher://example.com/",
  "ftp://example.com/",
  "data:text/html,x",
  "javascript:alert(1)",
  "https://user:secret@example.com/",
  '["https://a.example/","https://b.example/"]',
  '{"url":"https://a.example/"}',
  '["unclosed',
  `https://example.com/${"x".repeat(5000)}`,
])("%j is refused as input", (given) => {
  const attempt = () => parsePageAddress(given);
  expect(attempt).toThrow(AppError);
  expect(attempt).toThrow(expect.objectContaining({ kind: "invalid_input", hint: expect.any(String) }));
});

test("tracking parameters do not make another page", () => {
  expect(toUrlKey("https://example.com/a?utm_source=x&id=1&fbclid=2#top")).toBe("https://example.com/a?id=1");
  expect(toSite("https://www.example.com:8080/a")).toBe("example.com");
});

test.each(["example.com", "www.Example.com", "example.com:8080", "https://example.com/a?b", " EXAMPLE.com "])(
  "the site %j is example.com",
  (named) => expect(parseSite(named)).toBe("example.com"),
);
