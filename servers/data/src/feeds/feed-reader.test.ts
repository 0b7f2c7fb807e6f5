import { AppError } from "@sophia/core/errors/app-error";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import { sampleBody } from "../testing/sample-page.ts";
import { createFeedReader } from "./feed-reader.ts";

const { signal } = new AbortController();
const home = "https://example.com/blog";
const rss = (title: string): string => `<rss><channel><item><title>${title}</title></item></channel></rss>`;

function setUp(files: Record<string, string>, etag?: string) {
  const asked: string[] = [];
  const clock = createVirtualClock();
  const reader = createFeedReader({
    clock,
    fetcher: {
      async fetch(url, _signal, conditions) {
        asked.push(conditions ? `${url} if not ${conditions.etag}` : url);
        const text = files[url];
        if (text === undefined) throw new AppError("not_found", "None.");
        return { ...sampleBody(url, text), etag, isNotModified: etag !== undefined && conditions?.etag === etag };
      },
    },
  });
  return { reader, asked, clock };
}

test("a feed is asked for on condition the second time, and answered from memory", async () => {
  const { reader, asked, clock } = setUp({ "https://example.com/f": rss("One") }, '"1"');
  const first = await reader.read("https://example.com/f", signal);
  await clock.advance(1_000);
  const second = await reader.read("https://example.com/f", signal);
  expect(second).toEqual({ ...first, isNotModified: true, readAt: first.readAt + 1_000 });
  expect(asked).toEqual(["https://example.com/f", 'https://example.com/f if not "1"']);
});

test("a page leads to the feed it names, past one that is gone, and the next reading goes there at once", async () => {
  const page = `<link rel="alternate" type="application/rss+xml" href="/gone"><link rel=stylesheet href="/css">
    <link rel="ALTERNATE home" type="application/feed+json; charset=utf-8" href="/f.xml">`;
  const { reader, asked } = setUp({ [home]: page, "https://example.com/f.xml": rss("Named") });
  expect(await reader.read(home, signal)).toMatchObject({
    feedUrl: "https://example.com/f.xml",
    entries: [{ title: "Named" }],
  });
  await reader.read(home, signal);
  expect(asked.slice(1)).toEqual([
    "https://example.com/gone",
    "https://example.com/f.xml",
    "https://example.com/f.xml",
  ]);
});

test("a page that names none is looked for in the usual places, and then it is said that there is none", async () => {
  const { reader } = setUp({ [home]: "<p>Hi</p>", "https://example.com/atom.xml": rss("Usual") });
  expect((await reader.read(home, signal)).entries[0]?.title).toBe("Usual");
  const none = setUp({ [home]: "<p>Hi</p>" });
  await expect(none.reader.read(home, signal)).rejects.toMatchObject({ kind: "not_found", hint: expect.any(String) });
  expect(none.asked).toHaveLength(5);
});

test("who kept what to ask by is told when nothing has changed, and led on when the feed has moved", async () => {
  const files: Record<string, string> = { "https://example.com/f": rss("One") };
  const { reader, asked } = setUp(files, '"1"');
  const { conditions } = await reader.read("https://example.com/f", signal);
  expect(conditions).toEqual({ etag: '"1"', lastModified: null, finalUrl: "https://example.com/f" });
  expect(await reader.readChanged(home, signal, conditions)).toBeUndefined();
  expect((await reader.readChanged(home, signal, conditions && { ...conditions, etag: '"0"' }))?.entries).toHaveLength(
    1,
  );
  delete files["https://example.com/f"];
  files[home] = rss("Moved");
  expect((await reader.readChanged(home, signal, conditions))?.entries[0]?.title).toBe("Moved");
  expect(asked.at(-1)).toBe(home);
});
