import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { findSpecification } from "@sophia/core/testing/contract/specification";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTwinglyClient, type TwinglyClient } from "./client.ts";

const key = "0123456789abcdef-canary";
const { signal } = new AbortController();
interface Answer {
  status: number;
  type: string;
  body: string;
}
let server: Server;
let client: TwinglyClient;
let answers: Answer[];
let asked: { url: URL; authorization: string | undefined; body: string }[];
let lines: string[];

beforeEach(async () => {
  [answers, asked, lines] = [[], [], []];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      asked.push({ url: new URL(request.url ?? "/", "http://x"), authorization: request.headers.authorization, body });
      const { status, type, body: text } = answers.length > 1 ? (answers.shift() as Answer) : (answers[0] as Answer);
      response.writeHead(status, { "content-type": type }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = createTwinglyClient({
    apiKey: new Secret(key),
    baseUrls: { blogs: url, liveFeed: url, news: url },
    pace: { requestsPerSecond: 1_000 },
    log: pino({ level: "trace" }, { write: (line: string) => void lines.push(line) }),
    clock: systemClock,
  });
});
afterEach(async () => {
  await client.close();
  server.close();
  expect(lines.join("")).not.toContain("canary");
});

const xml = (body: string, status = 200): Answer => ({ status, type: "application/xml; charset=utf-8", body });
const fixture = (name: string): string => {
  const file = findSpecification(`twingly-fixtures/${name}`);
  if (file === undefined) throw new Error(`no fixture ${name}`);
  return readFileSync(file, "utf8");
};
const hasFixtures = findSpecification("twingly-fixtures/minimal_valid_result.xml") !== undefined;

test.skipIf(!hasFixtures)("the recorded answers are read, ids digit for digit, empty lists as lists", async () => {
  answers = [xml(fixture("minimal_valid_result.xml"))];
  const found = await client.searchBlogs({ query: "planering", language: "sv", size: 3 }, signal);
  expect(found).toMatchObject({ totalMatches: 3_122_050, isIncomplete: false });
  expect(found.posts).toHaveLength(3);
  expect(found.posts[0]).toMatchObject({
    id: "16405819479794412880",
    language: "sv",
    country: "se",
    coordinates: { latitude: 49.1, longitude: 10.75 },
    links: [],
    tags: ["Ätas & drickas", "Universitet & studentlivet", "Träning", "To to list"],
    licensed: true,
    publishedAt: Date.UTC(2017, 4, 4, 6, 50, 59),
  });
  expect(asked[0]?.url.searchParams.get("q")).toMatch(/page-size:3 lang:sv planering$/);
  expect(asked[0]?.url.searchParams.get("apikey")).toBe(key);
  answers = [xml(fixture("recorded_spotify_page10_sv.xml"))];
  const recorded = await client.searchBlogs({ query: "spotify", size: 10 }, signal);
  expect(recorded.posts).toHaveLength(10);
  expect(recorded.posts[0]).toMatchObject({ coordinates: null, blog: { id: "91906074375577692" } });
  answers = [xml(fixture("valid_empty_result.xml"))];
  expect(await client.searchBlogs({ query: "nothing" }, signal)).toMatchObject({ posts: [], totalMatches: 0 });
});

test.skipIf(!hasFixtures).each([
  ["nonexistent_api_key_result.xml", 400, "invalid_input"],
  ["unauthorized_api_key_result.xml", 401, "not_configured"],
  ["unauthorized_api_key_result.xml", 200, "not_configured"],
  ["service_unavailable_result.xml", 503, "unavailable"],
  ["undefined_error_result.xml", 500, "upstream"],
  ["non_xml_result.xml", 503, "unavailable"],
])("%s with status %i is %s, in our words", async (name, status, kind) => {
  answers = [xml(fixture(name), status)];
  const refused = client.searchBlogs({ query: "x" }, signal);
  await expect(refused).rejects.toMatchObject({ kind, service: "twingly" });
  await expect(refused).rejects.not.toThrow(/canary|Unauthorized|Parameter/);
});

test("a page of the load balancer's in a 200, or half an answer, is a bad reply", async () => {
  for (const body of [
    "<html><body>busy</body></html>",
    '<twinglydata numberOfMatchesTotal="1"><post>',
    "<!DOCTYPE x>",
  ]) {
    answers = [xml(body)];
    await expect(client.searchBlogs({ query: "x" }, signal), body).rejects.toMatchObject({ reason: "bad_reply" });
  }
});

test("news keep ids beyond 2^53, send the key as a header, and windows go on where the last broke off", async () => {
  const article = (id: string, second: number) =>
    `{"article_id":${id},"url":"https://n.example/${id}","timestamp":"2026-11-01T00:00:0${second}Z","title":"T"}`;
  const reply = (...documents: string[]): Answer => ({
    status: 200,
    type: "application/json",
    body: `{"number_of_documents_estimated_total":3,"documents":[${documents.join(",")}]}`,
  });
  answers = [
    reply(article("16405819479794412880", 1), article("16405819479794412881", 2)),
    reply(article("16405819479794412881", 2), article("16405819479794412882", 3)),
    reply(article("16405819479794412882", 3)),
  ];
  const range = { since: Date.UTC(2026, 10, 1), until: Date.UTC(2026, 10, 2) };
  const windows = await Array.fromAsync(client.walkNews({ all: ["energy"], size: 2, ...range }, signal));
  expect(windows.flatMap(({ items }) => items.map(({ id }) => id))).toEqual([
    "16405819479794412880",
    "16405819479794412881",
    "16405819479794412882",
  ]);
  expect(asked[0]?.authorization).toBe(`apikey ${key}`);
  expect(JSON.parse(asked[1]?.body ?? "")).toMatchObject({
    timestamp: { since: "2026-11-01T00:00:02Z" },
    order: "asc",
  });
});

test("the live feed says where the next page begins", async () => {
  answers = [
    xml(
      '<twinglydata ts="1" numberOfPosts="1" nextTimestamp="2026-11-01T10:00:00.123456Z"><post><id>1</id>' +
        "<url>https://b.example/1</url><published>2026-11-01 09:30:00</published><blogId>2</blogId>" +
        "<blogUrl>https://b.example/</blogUrl></post></twinglydata>",
    ),
  ];
  const page = await client.readLiveFeed({ cursor: Date.UTC(2026, 10, 1), maxPosts: 1 }, signal);
  expect(page).toMatchObject({ nextCursor: "2026-11-01T10:00:00.123456Z", isCaughtUp: false, posts: [{ id: "1" }] });
  expect(page.posts[0]?.publishedAt).toBe(Date.UTC(2026, 10, 1, 9, 30));
  answers = [xml('<twinglydata nextTimestamp="2026-11-01T10:00:00.123456Z" />')];
  expect(await client.readLiveFeed({ cursor: page.nextCursor }, signal)).toMatchObject({ posts: [], isCaughtUp: true });
});

test.each(["", 'an "open quote', "page-size:1000 x", "x lang:sv"])(
  "the query %j is refused before it is sent",
  async (query) => {
    await expect(client.searchBlogs({ query }, signal)).rejects.toMatchObject({ kind: "invalid_input" });
    expect(asked).toEqual([]);
  },
);
