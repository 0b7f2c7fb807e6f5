import { expect, test } from "vitest";
import type { SiteMap } from "../fetching/site-map.ts";
import { samplePage } from "../testing/sample-page.ts";
import { sampleId } from "../testing/sample-document.ts";
import { toolContext } from "../testing/tool-context.ts";
import { mapSite } from "./map-site.ts";

const url = "https://example.com/";

async function run(map: Partial<SiteMap>, input: object = {}) {
  const services = {
    siteMaps: { read: async () => ({ pages: [], sitemaps: [], isPartial: false, ...map }) },
    pages: {
      async read() {
        const saved = { id: sampleId, version: 1, state: "new" as const, fetchedAt: 1, checkedAt: 1 };
        const links = [url, `${url}a`, "https://other.com/", `${url}b?c=1`];
        return { page: samplePage("Text."), saved, url, finalUrl: url, links };
      },
    },
  };
  return mapSite.output.parse(await mapSite.run(mapSite.input.parse({ url, ...input }), toolContext(services)));
}

test("lists what the sitemap has, with dates, narrowed by path and number", async () => {
  const pages = [
    { url: `${url}a`, lastModified: Date.UTC(2026, 10, 20) },
    { url: `${url}blog/1`, lastModified: null },
    { url: `${url}blog/2`, lastModified: null },
  ];
  const map = { pages, sitemaps: [`${url}sitemap.xml`] };
  expect(await run(map, { include: ["/blog/*"], limit: 1 })).toMatchObject({
    addresses: [{ url: `${url}blog/1`, lastModified: null }],
    total: 2,
    foundBy: "sitemap",
    isPartial: false,
  });
  expect((await run(map)).addresses[0]?.lastModified).toBe("2026-11-20T00:00:00.000Z");
});

test("without a sitemap it lists the site's own links of the page, and says that this is not all", async () => {
  expect(await run({}, { exclude: ["*?*"] })).toMatchObject({
    addresses: [{ url }, { url: `${url}a` }],
    total: 2,
    foundBy: "links",
    isPartial: true,
  });
});
