import { monitorEventLoopDelay } from "node:perf_hooks";
import { AppError } from "@sophia/core/errors/app-error";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { createExtractor, type Extractor, type ExtractorOptions } from "./extractor.ts";

const log = pino({ level: "silent" });
let extractor: Extractor | undefined;
afterEach(async () => {
  await extractor?.close();
});

function start(options: Partial<ExtractorOptions> = {}): Extractor {
  extractor = createExtractor({ log, ...options });
  return extractor;
}

function input(html: string) {
  const body = Buffer.from(html);
  return { body, contentType: "text/html", contentLanguage: undefined, url: "https://example.com/", now: Date.now() };
}

const paragraph = `<p>${"Plain words of a page that is read as usual. ".repeat(8)}</p>`;

test("reads pages one after the other in one thread", async () => {
  const pages = await Promise.all([1, 2, 3].map((n) => start().extract(input(`<title>Page ${n}</title>${paragraph}`))));
  expect(pages.map((page) => page.title)).toEqual(["Page 1", "Page 2", "Page 3"]);
});

test("a refusal keeps its words, a later page is read", async () => {
  const reader = start();
  await expect(reader.extract({ ...input(""), body: Buffer.from("%PDF-1.4") })).rejects.toMatchObject({
    kind: "invalid_input",
    message: expect.stringContaining("PDF"),
  });
  expect((await reader.extract(input(paragraph))).text).toContain("Plain words");
});

test.each([
  ["a hundred thousand levels", `${"<div>".repeat(100_000)}deep`],
  ["a hundred thousand unclosed formats", `${"<b><i>".repeat(50_000)}deep`],
  ["an attribute of six megabytes", `<p title="${"x".repeat(6_000_000)}">short</p>${paragraph}`],
  [
    "a hundred thousand attributes",
    `<p ${Array.from({ length: 100_000 }, (_, n) => `a${n}=1`).join(" ")}>x</p>${paragraph}`,
  ],
  ["twenty megabytes of paragraphs", paragraph.repeat(52_000)],
  ["a hundred thousand list entries", `<ol>${"<li>one<li>two".repeat(50_000)}</ol>`],
  ["a script without end", `${paragraph}<script>${"<!--".repeat(500_000)}`],
  ["a table of a million cells", `<table>${`<tr>${"<td>1".repeat(1000)}`.repeat(1000)}</table>`],
  [
    "a style sheet of nonsense",
    `<style>${"{".repeat(200_000)}${".a{display:none}".repeat(20_000)}</style>${paragraph}`,
  ],
])("%s neither blocks the event loop nor kills the server", async (_name, html) => {
  const reader = start({ memoryMb: 256 });
  const bomb = input(html);
  const delays = monitorEventLoopDelay({ resolution: 10 });
  delays.enable();
  const page = await reader.extract(bomb);
  delays.disable();
  expect(page.text.length).toBeGreaterThan(3);
  expect(delays.max / 1e6).toBeLessThan(1_000);
  expect((await reader.extract(input(paragraph))).text).toContain("Plain words");
});

test("a thread that runs out of time or memory is replaced", async () => {
  const slow = start({ deadlineMs: 1 });
  await expect(slow.extract(input(paragraph.repeat(3_000)))).rejects.toMatchObject({ kind: "upstream" });
  await slow.close();
  const small = start({ memoryMb: 24 });
  await expect(small.extract(input(`<p>${"<b>x</b><i>y</i>".repeat(24_000)}`))).rejects.toBeInstanceOf(AppError);
  expect((await small.extract(input(paragraph))).text).toContain("Plain words");
});

test("a cancelled page leaves the queue, a full queue says so, a closed reader refuses", async () => {
  const reader = start({ queueLimit: 1 });
  const first = reader.extract(input(paragraph.repeat(2_000)));
  const controller = new AbortController();
  const second = reader.extract(input(paragraph), controller.signal);
  await expect(reader.extract(input(paragraph))).rejects.toMatchObject({ kind: "rate_limited" });
  controller.abort(new Error("gone"));
  await expect(second).rejects.toThrow("gone");
  expect((await first).textLength).toBeGreaterThan(1000);
  await reader.close();
  await expect(reader.extract(input(paragraph))).rejects.toMatchObject({ kind: "unavailable" });
});
