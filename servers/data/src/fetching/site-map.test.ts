import { gzipSync } from "node:zlib";
import { AppError } from "@sophia/core/errors/app-error";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import { parseRobots } from "../domain/robots.ts";
import { sampleBody } from "../testing/sample-page.ts";
import { parseSitemap } from "./parse-sitemap.ts";
import { createSiteMapReader } from "./site-map.ts";

const { signal } = new AbortController();
const base = "https://example.com/sitemap.xml";
const urlset = (...urls: string[]): string =>
  `<?xml version="1.0"?><urlset>${urls.map((url) => `<url><loc>${url}</loc></url>`).join("")}</urlset>`;

function reader(files: Record<string, string | Buffer>, robots = "") {
  const asked: string[] = [];
  const siteMaps = createSiteMapReader({
    fetcher: {
      async fetch(url) {
        asked.push(url);
        const body = files[url];
        if (body === undefined) throw new AppError("not_found", "None.");
        return { ...sampleBody(url, ""), body: Buffer.from(body) };
      },
    },
    robots: { policyFor: async () => parseRobots("https://example.com/robots.txt", robots) },
    clock: createVirtualClock(),
  });
  const read = (maxPages = 1_000) => siteMaps.read("https://example.com/", { maxPages, forMs: 1_000, signal });
  return { read, asked };
}

test("reads entries with their dates, in any prefix, and leaves out what is no web address", async () => {
  const text = `<s:urlset xmlns:s="x"><s:url><s:loc> https://example.com/a?b=1&amp;c=2#d </s:loc><s:lastmod>2026-11-20</s:lastmod></s:url>
    <s:url><s:loc>javascript:alert(1)</s:loc></s:url><s:url><s:loc><![CDATA[/rel]]></s:loc><s:lastmod>soon</s:lastmod></s:url>
    <s:url><image:image><image:loc>https://example.com/i.png</image:loc></image:image></s:url>`;
  expect((await parseSitemap(Buffer.from(text), base, signal)).pages).toEqual([
    { url: "https://example.com/a?b=1&c=2", lastModified: Date.UTC(2026, 10, 20) },
    { url: "https://example.com/rel", lastModified: null },
  ]);
});

test("entities of the document's own are not expanded, nor is a gzip bomb unpacked", async () => {
  const bomb = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>${urlset("https://example.com/&b;")}`;
  const { pages } = await parseSitemap(Buffer.from(bomb), base, signal);
  expect(pages.map(({ url }) => url)).toEqual(["https://example.com/&b;"]);
  const packed = gzipSync(Buffer.alloc(60 * 1024 * 1024));
  await expect(parseSitemap(packed, base, signal)).rejects.toMatchObject({ kind: "upstream", retryable: false });
});

test("follows robots.txt to an index, gzipped files and lists of lines; only pages of the site count, once", async () => {
  const index = `<sitemapindex><sitemap><loc>/one.xml.gz</loc></sitemap><sitemap><loc>/two.txt</loc></sitemap>
    <sitemap><loc>/index.xml</loc></sitemap><sitemap><loc>/gone.xml</loc></sitemap></sitemapindex>`;
  const { read, asked } = reader(
    {
      "https://example.com/index.xml": index,
      "https://example.com/one.xml.gz": gzipSync(urlset("https://www.example.com/a", "https://other.com/x")),
      "https://example.com/two.txt": "https://www.example.com/a\nhttps://example.com/b\nnonsense",
    },
    "Sitemap: https://example.com/index.xml",
  );
  const map = await read();
  expect(map.pages.map(({ url }) => url)).toEqual(["https://www.example.com/a", "https://example.com/b"]);
  expect(map.sitemaps).toHaveLength(3);
  expect(map.isPartial).toBe(false);
  expect(asked).toHaveLength(4);
});

test("without a word in robots.txt it looks in the usual place, and says when there was more", async () => {
  const { read } = reader({ [base]: urlset("https://example.com/a", "https://example.com/b") });
  expect(await read(1)).toMatchObject({ pages: [{ url: "https://example.com/a" }], isPartial: true });
  expect(await reader({}).read()).toEqual({ pages: [], sitemaps: [], isPartial: false });
});
