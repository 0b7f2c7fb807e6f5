import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactText } from "./redact-text.ts";

const same = (text: string): string => text;

describe("redactText", () => {
  it.each([
    ["password=hunter2hunter", "password=***"],
    ["DB_PASSWORD: 'a b c' next", "DB_PASSWORD: *** next"],
    ['{"api_key":"abc123","user":"ann"}', '{"api_key":***,"user":"ann"}'],
    ["Authorization: Bearer abcdef0123456789", "Authorization: *** ***"],
    ["curl -H 'X: Bearer abcdef0123456789'", "curl -H 'X: Bearer ***'"],
    ["connect postgres://app:s3cret@db:5432/x failed", "connect postgres://***@db:5432/x failed"],
    ["token ghp_0123456789abcdefghij used", "token *** used"],
    ["key AKIAIOSFODNN7EXAMPLE", "key ***"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def", "[jwt]"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- after", "[private key] after"],
    ["-----BEGIN PRIVATE KEY-----MIIE", "[private key]"],
    ["\u001b[31merror\u001b[0m\u0007 in \u202egnp.exe", "error in gnp.exe"],
    ["\u001b]0;title\u0007text", "text"],
    ["two\nlines\tand   blanks", "two lines and blanks"],
    ["passing 3 tests: ok", "passing 3 tests: ok"],
    ["listening on https://host/path@v1", "listening on https://host/path@v1"],
  ])("%j", (text, shown) => {
    expect(redactText(text, same)).toBe(shown);
  });

  it("masks our own secrets by value, before anything is cut", () => {
    const scrub = (text: string): string => text.replaceAll("canary-value", "[secret]");
    expect(redactText(`${"x".repeat(395)} canary-value`, scrub)).toBe(`${"x".repeat(395)} [sec…`);
  });

  it("is one line of bounded length, free of control characters, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
        const shown = redactText(text, same, 100);
        expect(shown.length).toBeLessThanOrEqual(101);
        // oxlint-disable-next-line no-control-regex
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
        expect(shown.isWellFormed()).toBe(true);
      }),
    );
  });

  it.each(["a".repeat(1e6), "token=".repeat(1e5), "a://".repeat(1e5), "-----BEGIN ".repeat(1e5), "eyJ".repeat(2e5)])(
    "takes no time for a huge hostile line",
    (text) => {
      const startedAt = performance.now();
      redactText(text, same);
      expect(performance.now() - startedAt).toBeLessThan(250);
    },
  );
});
