import { AppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { expect, test } from "vitest";
import { extractPage } from "../domain/extract-page.ts";
import { sampleBody } from "../testing/sample-page.ts";
import { readShown } from "./read-shown.ts";

const { signal } = new AbortController();
const url = "https://example.com/a";
const shownHtml =
  "<html><body><article><p>What the scripts wrote, as the browser shows it.</p></article></body></html>";
const shell = '<html><body><div id="root"></div><script src="/app.js"></script></body></html>';

function setUp(render: () => Promise<string> = async () => shownHtml) {
  const asked: unknown[] = [];
  const parts = {
    extractor: {
      extract: async (input: Parameters<typeof extractPage>[0]) => extractPage(input),
      close: async () => {},
    },
    renderer: {
      async render(request: object) {
        asked.push(request);
        const document = sampleBody(url, shell);
        return { html: await render(), finalUrl: `${url}/moved`, screenshotPng: undefined, document };
      },
    },
    clock: systemClock,
    log: pino({ level: "silent" }),
  };
  return {
    read: (html: string, more: object = {}) => readShown(sampleBody(url, html), { ...parts, ...more }, signal),
    asked,
  };
}

test.each([
  shell,
  "<html><body><script>go()</script></body></html>",
  '<html><body><p>Loading</p><noscript>Please enable JavaScript.</noscript><script src="a.js"></script></body></html>',
])("an empty shell is shown in the browser, which is given what was fetched: %s", async (html) => {
  const { read, asked } = setUp();
  const { page, rendering, document } = await read(html);
  expect(asked).toMatchObject([{ url, document: { url } }]);
  expect({ rendering, text: page.text }).toEqual({
    rendering: "rendered",
    text: "What the scripts wrote, as the browser shows it.",
  });
  expect(document).toMatchObject({ finalUrl: `${url}/moved`, body: Buffer.from(shownHtml) });
});

test.each([
  "<html><body><p>A short page, and yet all of it.</p><script src=count.js></script></body></html>",
  `<html><body><div id="app"><p>${"Rendered on the server. ".repeat(20)}</p></div><script src=a.js></script></body></html>`,
  '<html><body><div id="app"></div></body></html>',
])("a page that says something, or has no scripts, is not: %s", async (html) => {
  const { read, asked } = setUp();
  expect((await read(html)).rendering).toBeUndefined();
  expect(asked).toEqual([]);
});

test("without a browser, with one that fails and with one that shows nothing more, the page is as it was sent", async () => {
  expect((await setUp().read(shell, { renderer: undefined })).rendering).toBeUndefined();
  const failing = setUp(() => Promise.reject(new AppError("upstream", "The browser ended.")));
  const some = shell.replace('<div id="root"></div>', '<p>Some words.</p><div id="root"></div>');
  expect(await failing.read(some)).toMatchObject({ rendering: "failed", document: { finalUrl: url } });
  // Nothing would be kept in the place of what was read before.
  await expect(failing.read(shell)).rejects.toMatchObject({ kind: "upstream", hint: "Try again later." });
  expect((await setUp(async () => shell).read(shell)).rendering).toBeUndefined();
  await expect(setUp(() => Promise.reject(new TypeError("ours"))).read(shell)).rejects.toThrow("ours");
});

test("where a browser is wanted, every page is shown in it as wished, and its trouble is the answer", async () => {
  const { read, asked } = setUp();
  const long = `<html><body><p>${"Words that need no scripts. ".repeat(20)}</p></body></html>`;
  expect(await read(long, { wish: { waitFor: "#x", wantScreenshot: true } })).toMatchObject({ rendering: "rendered" });
  expect(asked).toMatchObject([{ url, waitFor: "#x", wantScreenshot: true }]);
  await expect(read(long, { wish: {}, renderer: undefined })).rejects.toMatchObject({ kind: "not_configured" });
  const failing = setUp(() => Promise.reject(new AppError("timeout", "Slow.")));
  await expect(failing.read(long, { wish: {} })).rejects.toMatchObject({ kind: "timeout" });
});
