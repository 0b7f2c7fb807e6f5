import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toCanonicalKey, toDesktopHint, toDocumentKey } from "./canonical-url.ts";

describe("one page", () => {
  test.each([
    ["http://example.com/a", "https://example.com/a"],
    ["https://EXAMPLE.com:443/a", "https://example.com/a"],
    ["https://example.com./a", "https://example.com/a"],
    ["https://example.com", "https://example.com/"],
    ["https://example.com/a#section", "https://example.com/a"],
    ["https://example.com/a?utm_source=x&utm_campaign=y&id=3", "https://example.com/a?id=3"],
    ["https://example.com/a?fbclid=1&gclid=2&msclkid=3&mc_eid=4&igshid=5&igsh=6", "https://example.com/a"],
    ["https://example.com/a?b=2&a=1", "https://example.com/a?a=1&b=2"],
    ["https://example.com/a?", "https://example.com/a"],
    ["https://example.com/a?&&id=3&", "https://example.com/a?id=3"],
    ["https://example.com/dir/index.html", "https://example.com/dir/"],
    ["https://example.com/%7Euser/%c3%a9", "https://example.com/~user/%C3%A9"],
    ["https://example.com/a;jsessionid=0A1B", "https://example.com/a"],
    ["https://example.com/a?ref=twitter", "https://example.com/a"],
    ["https://example.com/a/../b", "https://example.com/b"],
    ["https://bücher.example/a", "https://xn--bcher-kva.example/a"],
  ])("%s", (one, other) => {
    expect(toCanonicalKey(one)).toBe(toCanonicalKey(other));
  });
});

describe("pages that may differ", () => {
  test.each([
    ["https://example.com/a", "https://example.com/A"],
    ["https://example.com/a", "https://example.com/a/"],
    ["https://example.com/a//b", "https://example.com/a/b"],
    ["https://example.com/a", "https://www.example.com/a"],
    ["https://example.com/a", "https://m.example.com/a"],
    ["https://example.com/a?id=1", "https://example.com/a?id=2"],
    ["https://example.com/a?id=1&id=2", "https://example.com/a?id=2&id=1"],
    ["https://example.com/a?q=x%26y", "https://example.com/a?q=x&y"],
    ["https://example.com/a?ref=main", "https://example.com/a?ref=v2.0"],
    ["https://example.com/a?did=7", "https://example.com/a?did=8"],
    ["https://example.com/#!/one", "https://example.com/#!/two"],
    ["http://example.com:8080/a", "https://example.com:8080/a"],
    ["https://example.com/index", "https://example.com/"],
    ["https://example.com/a%2Fb", "https://example.com/a/b"],
  ])("%s, %s", (one, other) => {
    expect(toCanonicalKey(one)).not.toBe(toCanonicalKey(other));
  });
});

test.each(["mailto:a@example.com", "javascript:alert(1)", "not an address", "", "ftp://example.com/a"])(
  "none: %s",
  (address) => {
    expect(toCanonicalKey(address)).toBeNull();
  },
);

const part = fc.stringMatching(/^[A-Za-z0-9._~%-]{1,8}$/).filter((text) => !text.includes("%"));
const address = fc
  .record({
    host: fc.constantFrom("example.com", "news.example.org", "example.com:8443"),
    path: fc.array(part, { maxLength: 3 }),
    query: fc.array(fc.tuple(fc.constantFrom("id", "page", "q", "utm_source", "a"), part), { maxLength: 4 }),
  })
  .map(({ host, path, query }) => ({ host, path, query, url: `https://${host}/${path.join("/")}?${toQuery(query)}` }));

function toQuery(query: readonly [string, string][]): string {
  return query.map(([name, value]) => `${name}=${value}`).join("&");
}

test("a key is its own key", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        address.map(({ url }) => url),
        fc.webUrl({ withFragments: true, withQueryParameters: true }),
      ),
      (url) => {
        const key = toCanonicalKey(url);
        expect(key).not.toBeNull();
        expect(toCanonicalKey(key!)).toBe(key);
      },
    ),
  );
});

test("equal keys mean equal host, path and parameters but for tracking and order of names", () => {
  // What a server sees, computed by other means than the key.
  const seen = ({ host, path, query }: { host: string; path: string[]; query: [string, string][] }): string => {
    const { pathname } = new URL(`https://${host}/${path.join("/")}`);
    const file = pathname.replace(/\/(?:index\.(?:html?|php|aspx?|jsp|cfm)|default\.(?:html?|aspx?))$/i, "/");
    const names = [...new Set(query.map(([name]) => name))].filter((name) => name !== "utm_source").toSorted();
    return JSON.stringify([host, file, names.map((name) => query.filter(([other]) => other === name))]);
  };
  fc.assert(
    fc.property(address, address, (one, other) => {
      expect(toCanonicalKey(one.url) === toCanonicalKey(other.url)).toBe(seen(one) === seen(other));
    }),
    { numRuns: 500 },
  );
});

test("phone and AMP addresses are hints only", () => {
  expect(toDesktopHint("https://m.example.com/a")).toBe("https://example.com/a");
  expect(toDesktopHint("https://example.com/story/amp/")).toBe("https://example.com/story/");
  expect(toDesktopHint("https://example.com/story?outputType=amp")).toBe("https://example.com/story");
  expect(toDesktopHint("https://example.com/story")).toBeNull();
});

test.each([
  ["https://example.com/a?utm_source=x", null, "https://example.com/a"],
  ["https://example.com/story/amp", "https://example.com/story", "https://example.com/story"],
  ["https://partner.example.org/copy", "https://example.com/story", "https://example.com/story"],
  ["https://example.com/dir/a", "../b", "https://example.com/b"],
  ["https://example.com/a", "https://example.com/", "https://example.com/a"],
  ["https://example.com/", "https://example.com/", "https://example.com/"],
  ["https://example.com/a", "mailto:x@example.com", "https://example.com/a"],
  ["https://example.com/a", "http://[", "https://example.com/a"],
])("the key of %s that declares %s is %s", (finalUrl, declared, key) => {
  expect(toDocumentKey(finalUrl, declared)).toBe(key);
});
