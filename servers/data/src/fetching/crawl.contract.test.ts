import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { findChromium } from "@sophia/core/testing/peers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalSite, startLocalSite } from "../testing/local-site.ts";
import { startServerProcess, type ServerProcess } from "../testing/server-process.ts";

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><title>${title}</title><body><article><h1>${title}</h1><p>${body}</p></article></body></html>`;
const conditional: string[] = [];

let site: LocalSite;
let server: ServerProcess;
const dataDir = mkdtempSync(join(tmpdir(), "sophia-crawl-"));

beforeAll(async () => {
  site = await startLocalSite({
    "/robots.txt": "User-agent: *\nDisallow: /no",
    "/": page("Start", 'See <a href="/a">a</a>, <a href="/no">no</a>.'),
    "/a": page("Part a", 'The first part of it. Then <a href="/b">b</a> and <a href="/gone">gone</a>.'),
    "/b": page("Part b", "The second part of it is the last."),
    "/feed": (request, response) => {
      const isKnown = request.headers["if-none-match"] === '"f1"';
      response.writeHead(isKnown ? 304 : 200, { etag: '"f1"', "content-type": "application/rss+xml" });
      response.end(
        isKnown ? undefined : "<rss><channel><item><title>News of b</title><link>/b</link></item></channel></rss>",
      );
    },
    "/app": '<!doctype html><html><body><div id="root"></div><script src="/app.js"></script></body></html>',
    "/app.js": (_request, response) => {
      response.writeHead(200, { "content-type": "text/javascript" });
      response.end('document.title = "An app"; root.innerHTML = "<h1>An app</h1><p>Only its script knows this.</p>"');
    },
    "/tagged": (request, response) => {
      conditional.push(request.headers["if-none-match"] ?? "none");
      const isKnown = request.headers["if-none-match"] === '"v1"';
      response.writeHead(isKnown ? 304 : 200, { etag: '"v1"', "content-type": "text/html" });
      response.end(isKnown ? undefined : page("Tagged", "This text is sent only once."));
    },
  });
  server = await startServerProcess(dataDir, { SOPHIA_DATA_ALLOW_PRIVATE: site.place });
});
afterAll(async () => {
  await server.kill();
  await site.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test("a page that has not changed is not sent again, and answered from the store", async () => {
  await server.call("fetch_page", { url: `${site.origin}/tagged` });
  const { structuredContent } = await server.call("fetch_page", { url: `${site.origin}/tagged` });
  expect(structuredContent).toMatchObject({ state: "unchanged", version: 1, title: "Tagged" });
  expect(JSON.stringify(structuredContent)).toContain("This text is sent only once.");
  expect(conditional).toEqual(["none", '"v1"']);
});

test("a page that is empty without its scripts is shown in Chromium, kept as it stood there, and says so", async ({
  skip,
}) => {
  skip((await findChromium()) === undefined, "no Chromium on this machine");
  const { structuredContent } = await server.call("fetch_page", { url: `${site.origin}/app` });
  expect(structuredContent).toMatchObject({ title: "An app", note: expect.stringContaining("Chromium") as string });
  expect(JSON.stringify(structuredContent)).toContain("Only its script knows this.");
  expect(site.asked.filter((path) => path === "/app")).toHaveLength(1);
}, 60_000);

test("a crawl survives the death of the server, and asks for no page a second time", async () => {
  const { structuredContent: map } = await server.call("run_tool", {
    tool: "map_site",
    arguments: { url: `${site.origin}/` },
  });
  expect(JSON.stringify(map)).toContain(`${site.origin}/a`);
  site.asked.length = 0;
  const call = server.call("crawl_site", { url: `${site.origin}/` }).catch(() => undefined);
  while (!site.asked.includes("/a")) await setTimeout(50);
  await setTimeout(600);
  await server.kill();
  await call;
  server = await startServerProcess(dataDir, { SOPHIA_DATA_ALLOW_PRIVATE: site.place });
  await expect.poll(() => site.asked.includes("/gone"), { timeout: 40_000 }).toBe(true);
  await expect
    .poll(
      async () => {
        const list = await server.call("run_tool", { tool: "list_documents", arguments: {} });
        return ["Start", "Part a", "Part b"].every((title) => JSON.stringify(list.structuredContent).includes(title));
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  expect(site.asked.filter((path) => path === "/")).toHaveLength(1);
  expect(site.asked).not.toContain("/no");
}, 90_000);

test("a watched feed answers at once with what it has, stores its pages, and the next call has nothing new", async () => {
  const { structuredContent: first } = await server.call("watch_topic", { sources: [`${site.origin}/feed`] });
  expect(first).toMatchObject({
    entries: [{ title: "News of b", url: `${site.origin}/b`, state: "new" }],
    watches: [{ every: "1h", sources: [{ kind: "feed", problem: null }] }],
    source: { mode: "local", costUsd: 0 },
  });
  const [watch] = (first?.["watches"] ?? []) as { watchId: string }[];
  const ask = async (more: object) =>
    (await server.call("watch_topic", { watchId: watch?.watchId ?? "", ...more })).structuredContent;
  expect(await ask({})).toMatchObject({ entries: [], note: "Nothing new since you last asked." });
  await expect
    .poll(async () => JSON.stringify(await ask({ again: true })), { timeout: 20_000 })
    .toMatch(/"documentId":"/);
  expect(await ask({ stop: true })).toMatchObject({ watches: [] });
}, 60_000);

test("it ends with what was read, what failed and why", async () => {
  const { structuredContent } = await server.call("crawl_site", { url: `${site.origin}/a`, maxPages: 3 });
  expect(structuredContent).toMatchObject({
    state: "done",
    failed: 1,
    failures: [{ url: `${site.origin}/gone`, code: "not_found" }],
    pages: [
      { title: "Part a", state: "unchanged", depth: 0 },
      { title: "Part b", depth: 1 },
    ],
    source: { mode: "local", costUsd: 0 },
  });
}, 60_000);
