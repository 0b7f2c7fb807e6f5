import { AppError } from "@sophia/core/errors/app-error";
import { expect, test } from "vitest";
import type { CrawlRequest } from "../fetching/crawler.ts";
import type { CrawlReport, Crawls } from "../fetching/crawls.ts";
import { toolContext } from "../testing/tool-context.ts";
import { crawlSite } from "./crawl-site.ts";

const url = "https://example.com/";

function setUp(report: Partial<CrawlReport> = {}) {
  const started: { request: CrawlRequest; caller: string }[] = [];
  const stopped: string[] = [];
  const crawls: Crawls = {
    async start(request, caller) {
      started.push({ request, caller });
      return "c1";
    },
    async report(id) {
      if (id !== "c1") throw new AppError("not_found", "There is no such crawl.");
      return {
        id,
        state: "succeeded",
        startUrl: url,
        done: 0,
        total: 0,
        result: undefined,
        error: undefined,
        ...report,
      };
    },
    wait: async () => {},
    stop: async (id) => void stopped.push(id),
  };
  const run = async (input: object) =>
    crawlSite.output.parse(await crawlSite.run(crawlSite.input.parse(input), toolContext({ crawls })));
  return { run, started, stopped };
}

const page = (number: number) => ({
  documentId: `d${number}`,
  url: `${url}${number}`,
  title: null,
  state: "new" as const,
  depth: 1,
});

test("starts a crawl for its caller and gives the pages in parts, all of them once", async () => {
  const pages = Array.from({ length: 130 }, (_, number) => page(number));
  const failures = [{ url: `${url}x`, code: "not_found" as const, message: "None." }];
  const { run, started } = setUp({ result: { pages, failures, duplicates: 2, notRead: 3 } });
  const first = await run({ url: "example.com", include: ["/docs/*"] });
  expect(started).toEqual([
    { request: { startUrl: url, maxPages: 25, maxDepth: 3, include: ["/docs/*"], exclude: [] }, caller: "caller-1" },
  ]);
  expect(first).toMatchObject({ state: "done", failed: 1, duplicates: 2, notRead: 3, note: null, untrusted: true });
  const rest = await run({ crawlId: "c1", cursor: first.nextCursor });
  expect([...first.pages, ...rest.pages]).toEqual(pages);
  expect(rest.nextCursor).toBeUndefined();
  expect(started).toHaveLength(1);
});

test("one that still runs says how to go on; one that was ended or failed says so", async () => {
  expect(await setUp({ state: "running", done: 4, total: 9 }).run({ url })).toMatchObject({
    state: "running",
    done: 4,
    total: 9,
    note: 'Still reading. Call crawl_site with {"crawlId": "c1"}.',
  });
  const { run, stopped } = setUp({ state: "aborted" });
  expect(await run({ crawlId: "c1", stop: true })).toMatchObject({ state: "stopped" });
  expect(stopped).toEqual(["c1"]);
  const failed = setUp({ state: "failed", error: { kind: "timeout", message: "Too long." } });
  expect(await failed.run({ crawlId: "c1" })).toMatchObject({ state: "failed", note: "Too long." });
});

test("refuses a crawl without address, a stop without crawl, and what is not there", async () => {
  const { run, started } = setUp();
  await expect(run({})).rejects.toMatchObject({ kind: "invalid_input" });
  await expect(run({ url, stop: true })).rejects.toMatchObject({ kind: "invalid_input" });
  await expect(run({ crawlId: "c2" })).rejects.toMatchObject({ kind: "not_found" });
  await expect(run({ url: "file:///etc/passwd" })).rejects.toMatchObject({ kind: "invalid_input" });
  expect(started).toEqual([]);
});
