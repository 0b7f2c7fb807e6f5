import fc from "fast-check";
import { expect, test } from "vitest";
import { stripSecrets } from "./strip-secrets.ts";

test("what is named like a credential is hidden wherever it is, and what is not stays", () => {
  const input = {
    startUrls: [{ url: "https://example.com/?page=2&token=t0ken", headers: { Authorization: "Bearer t0ken" } }],
    proxyUrls: ["http://user:p4ss@proxy.example:8000/"],
    proxy: { password: "p4ss", groups: ["A"] },
    sessionCookie: [{ name: "li_at", value: "c00kie" }],
    urlSigningSecretKey: "s1gn",
    maxTokens: 100,
    useCookies: true,
  };
  const stripped = stripSecrets(input);
  expect(JSON.stringify(stripped)).not.toMatch(/t0ken|p4ss|c00kie|s1gn/);
  expect(stripped).toMatchObject({
    startUrls: [{ url: "https://example.com/?page=2&token=***" }],
    proxyUrls: ["http://***@proxy.example:8000/"],
    proxy: { groups: ["A"] },
    maxTokens: 100,
    useCookies: true,
  });
});

test("any JSON comes back in the same form", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const stripped = stripSecrets(value);
      expect(Array.isArray(stripped)).toBe(Array.isArray(value));
      expect(Object.keys(Object(stripped))).toEqual(Object.keys(Object(value)));
    }),
  );
});
