import { AppError } from "@sophia/core/errors/app-error";
import { expect, test } from "vitest";
import { findContentKind } from "./content-kind.ts";

const url = "https://example.com/page";

test.each([
  ["text/html; charset=utf-8", "anything", url, "html"],
  ["application/xhtml+xml", "<html/>", url, "html"],
  ["application/json", "{}", url, "json"],
  ["application/ld+json", "{}", url, "json"],
  ["text/markdown", "# A", url, "markdown"],
  ["application/rss+xml", "<rss/>", url, "xml"],
  ["text/plain", "<html> shown as text", url, "text"],
  ["text/plain", "# Read me", "https://example.com/README.md", "markdown"],
  ["text/csv", "a,b", url, "text"],
  [undefined, "  <!DOCTYPE html><html>", url, "html"],
  [undefined, '<?xml version="1.0"?><rss>', url, "xml"],
  [undefined, '<?xml version="1.0"?><!DOCTYPE html><html lang="en">', url, "html"],
  [undefined, '{"a": 1}', url, "json"],
  ["application/octet-stream", "plain words", url, "text"],
  ["text/html", "<html>one \0 stray</html>", url, "html"],
  ["text/html; charset=utf-16le", "<\0h\0t\0m\0l\0>\0", url, "html"],
])("%s with %j is read as %s", (type, body, address, kind) => {
  expect(findContentKind(Buffer.from(body), type, address)).toBe(kind);
});

test.each([
  ["text/html", "%PDF-1.7"],
  ["application/pdf", "whatever"],
  ["image/png", "whatever"],
  [undefined, "\x89PNG\r\n"],
  ["application/octet-stream", "PK\x03\x04"],
  ["text/plain", "a\0b"],
  ["text/html", "\0\x01\0\x02\0\x03\0\x04\0\x05"],
  ["application/json", "\0\0\0\0\0"],
])("%s with %j is refused with a hint", (type, body) => {
  const attempt = () => findContentKind(Buffer.from(body, "latin1"), type, url);
  expect(attempt).toThrow(AppError);
  expect(attempt).toThrow(
    expect.objectContaining({ kind: "invalid_input", hint: expect.stringContaining("web page") }),
  );
});
