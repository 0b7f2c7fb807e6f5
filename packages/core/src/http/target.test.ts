import fc from "fast-check";
import { expect, test } from "vitest";
import { apiPath, buildTarget, checkHeaders, redactUrl } from "./target.ts";

const base = new URL("https://api.example.com/v2/");

test("joins base and path, and encodes query values", () => {
  const url = buildTarget(base, "/acts", { q: "a b&c=d", tag: ["x", "y"], page: 2, off: undefined });
  expect(url.href).toBe("https://api.example.com/v2/acts?q=a+b%26c%3Dd&tag=x&tag=y&page=2");
});

test("apiPath encodes values, so that they cannot leave their segment", () => {
  expect(apiPath`/acts/${"user/../x?y#z"}/runs/${7}`).toBe("/acts/user%2F..%2Fx%3Fy%23z/runs/7");
  expect(() => apiPath`/acts/${".."}/runs`).toThrow(/dot path/);
  expect(() => apiPath`/acts/${""}/runs`).toThrow(/empty/);
  expect(() => apiPath`/acts/${"\ud800"}`).toThrow(/not valid text/);
});

test.each([
  "//evil.example/x",
  "acts",
  "https://evil.example/",
  "/a/../../secret",
  "/a/..",
  "/a/%2e%2E/b",
  "/./a",
  "/a\\b",
  "/a?b=c",
  "/a#b",
  "/a b",
  "/a\r\nHost: evil",
  "/a\tb",
  "/a\0",
  "/ä",
])("fault 96: refuses the path %j", (path) => {
  expect(() => buildTarget(base, path, undefined)).toThrow(expect.objectContaining({ kind: "invalid_input" }));
});

test.each(["a\r\nb", "a\nb", "\0", "\u001b[31m", "\ud800"])("fault 96: refuses the query value %j", (value) => {
  expect(() => buildTarget(base, "/a", { q: value })).toThrow(expect.objectContaining({ kind: "invalid_input" }));
});

test.each([
  { "x-name": "a\r\nInjected: yes" },
  { "x-name": "a\nb" },
  { "x-name": "a\0b" },
  { "x-name": "snow ☃" },
  { "x name": "a" },
  { "x-name\r\ninjected": "a" },
  { "": "a" },
])("fault 96: refuses the header %j, without repeating its value", (headers) => {
  const check = (): void => checkHeaders(headers);
  expect(check).toThrow(expect.objectContaining({ kind: "invalid_input" }));
  expect(check).not.toThrow(/Injected|yes/);
});

const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
  .map((codes) => String.fromCharCode(...codes));

test("property: whatever the values, the target stays under the base and is what a parser reads back", () => {
  fc.assert(
    fc.property(anyText, anyText, (segment, value) => {
      let url: URL;
      try {
        url = buildTarget(base, apiPath`/acts/${segment}`, { q: value });
      } catch (error) {
        expect(error).toMatchObject({ kind: "invalid_input" });
        return;
      }
      expect(url.origin).toBe(base.origin);
      expect(url.pathname.startsWith("/v2/acts/")).toBe(true);
      expect(url.pathname.split("/")).toHaveLength(4);
      expect(new URL(url.href).searchParams.get("q")).toBe(value);
    }),
  );
});

test("a logged address shows no user and no value of a credential's parameter", () => {
  const url = new URL("https://u:p@api.example.com/x?q=cats&api_key=abc&X-Amz-Signature=abc&k=abc");
  expect(redactUrl(url, "k")).toBe("https://api.example.com/x?q=cats&api_key=***&X-Amz-Signature=***&k=***");
});
