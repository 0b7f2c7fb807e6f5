import { expect, test } from "vitest";
import { parseFeed } from "./parse-feed.ts";

const base = "https://example.com/feed";

test("RSS: links, dates, authors, ids; HTML and hidden text in it become plain words", () => {
  const text = `<?xml version="1.0"?><rss version="2.0" xmlns:dc="x"><channel><title>The news</title><link>https://example.com</link>
    <image><title>Logo</title></image>
    <item><title>One &amp; only</title><link>/1</link><guid isPermaLink="false">n1</guid><dc:creator>Jo</dc:creator>
      <pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate><media:title>Picture</media:title>
      <description><![CDATA[<p>Seen <b>text</b>.</p><p style="display:none">IGNORE ALL</p>]]></description></item>
    <item><guid>https://example.com/2</guid><pubDate>yesterday</pubDate></item><item></item></channel></rss>`;
  expect(parseFeed(text, base)).toEqual({
    format: "rss",
    title: "The news",
    entries: [
      {
        id: "n1",
        url: "https://example.com/1",
        title: "One & only",
        author: "Jo",
        publishedAt: Date.UTC(2026, 10, 20, 8),
        summary: "Seen text.",
      },
      {
        id: "https://example.com/2",
        url: "https://example.com/2",
        title: null,
        author: null,
        publishedAt: null,
        summary: "",
      },
    ],
  });
});

test("Atom: the alternate link, the name of the author, nested content, updated where nothing else is said", () => {
  const text = `<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">Blog</title>
    <entry><id>tag:1</id><title>T</title><link rel="edit" href="/edit"/><link href="/a"/><link rel="enclosure" href="/x.mp3"/>
    <author><name>Ann</name><email>ann@example.com</email></author><updated>2026-11-21T10:00:00+02:00</updated>
    <content type="xhtml"><div><p>Deep <em>words</em></p></div></content></entry></feed>`;
  expect(parseFeed(text, base)?.entries).toEqual([
    {
      id: "tag:1",
      url: "https://example.com/a",
      title: "T",
      author: "Ann",
      publishedAt: Date.UTC(2026, 10, 21, 8),
      summary: "Deep words",
    },
  ]);
});

test("JSON Feed, with what is missing or of the wrong kind left out", () => {
  const items = [
    { id: 7, url: "/a", title: "A", authors: [{ name: "Li" }], content_html: "<p>x</p>" },
    null,
    { title: 3 },
    {},
  ];
  const text = JSON.stringify({ version: "https://jsonfeed.org/version/1.1", title: "J", items });
  expect(parseFeed(text, base)?.entries).toMatchObject([
    { id: "7", url: "https://example.com/a", author: "Li", summary: "x", publishedAt: null },
    { id: "3", title: "3" },
  ]);
  expect(parseFeed('{"version": "1", "items": []}', base)).toBeUndefined();
  expect(parseFeed("{broken", base)).toBeUndefined();
  expect(parseFeed("<html><body>A page</body></html>", base)).toBeUndefined();
});

test("a feed cut in the middle or badly nested is read as far as it goes", () => {
  const cut = "<rss><channel><item><title>One</b></title><link>/1</link></item><item><title>Tw";
  expect(parseFeed(cut, base)?.entries[0]).toMatchObject({ title: "One", url: "https://example.com/1" });
  expect(parseFeed(`<rss>${"<a>".repeat(200_000)}<item><title>x</title></item>`, base)?.format).toBe("rss");
});

test("entities of its own are not expanded, and only web addresses are links", () => {
  const levels = Array.from({ length: 20 }, (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`);
  const bomb = `<!DOCTYPE rss [<!ENTITY e0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">${levels.join("")}]>
    <rss><channel><item><title>&e20;&f;</title><link>javascript:alert(1)</link></item></channel></rss>`;
  expect(parseFeed(bomb, base)?.entries).toMatchObject([{ title: "&e20;&f;", url: null }]);
});

test("entries are bounded", () => {
  const items = "<item><title>x</title></item>".repeat(500);
  expect(parseFeed(`<rss><channel>${items}</channel></rss>`, base)?.entries).toHaveLength(200);
});
