import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSampleServices, sampleServer } from "../../testing/sample-server.ts";
import { post, rpc, type Era } from "../../testing/raw-http.ts";
import { startTestServer } from "../../testing/test-server.ts";

const services = createSampleServices();
let server: Awaited<ReturnType<typeof startTestServer>>;
let bearer: string;

beforeAll(async () => {
  server = await startTestServer({ definition: sampleServer, services } as never);
  bearer = await server.bearer();
});
afterAll(() => server.close());

const eras: Era[] = ["modern", "legacy"];
const call = (era: Era, name: string, values: unknown, id: unknown = 1) =>
  rpc(era, "tools/call", { name, arguments: values }, id);
const json = { "content-type": "application/json", accept: "application/json, text/event-stream" };

describe("fault 80: shapes that break parsers later", () => {
  // Sound messages but for their shape: without the guard they would be parsed, validated and answered with 200.
  test.each([
    ["100,000 levels", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, "nested deeper"],
    ["200,000 keys", `{${Array.from({ length: 200_000 }, (_, index) => `"k${index}":1`).join(",")}}`, "elements"],
    ["a key of 1 MB", `{"${"k".repeat(1_000_000)}":1}`, "key is longer"],
  ])("%s is refused before anybody parses it", async (_name, value, reason) => {
    const message = call("legacy", "echo_text", { text: "x", extra: "HERE" });
    const from = performance.now();
    const answer = await post(server.url, bearer, { headers: json, body: message.body.replace('"HERE"', value) });
    expect(answer.status).toBe(400);
    expect(answer.json().error.message).toContain(reason);
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});

describe.each(eras)("fault 81: an answer that is too long (%s)", (era) => {
  test("is cut by whole rows, and the rest can be read", async () => {
    const answer = (await post(server.url, bearer, call(era, "list_much", { rows: 20_000 }))).json().result;
    const first = answer.structuredContent;
    expect(first.truncated).toBe(true);
    expect(JSON.stringify(first).length).toBeLessThan(8_000 * 3.5 + 200);
    expect(answer.content.at(-1)).toMatchObject({ type: "resource_link" });
    const seen = first.rows.map((row: { id: number }) => row.id);
    let cursor = first.nextCursor;
    while (cursor !== undefined && seen.length < 3_000) {
      const page = (
        await post(server.url, bearer, call(era, "run_tool", { tool: "read_result", arguments: { cursor } }))
      ).json().result.structuredContent.result;
      seen.push(...page.items.map((row: { id: number }) => row.id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, id) => id));
    expect(seen.length).toBeGreaterThanOrEqual(3_000);
  });

  test("belongs to its caller", async () => {
    const answer = (await post(server.url, bearer, call(era, "list_much", { rows: 20_000 }))).json().result;
    const other = await server.bearer();
    const cursor = answer.structuredContent.nextCursor;
    const stolen = await post(server.url, other, call(era, "run_tool", { tool: "read_result", arguments: { cursor } }));
    expect(stolen.json().result.isError).toBe(true);
  });
});

test("fault 83: the list has one order, and both eras show the same tools", async () => {
  const lists = [];
  for (const era of ["modern", "legacy", "modern"] as const) {
    lists.push((await post(server.url, bearer, rpc(era, "tools/list"))).json().result.tools);
  }
  expect(lists[1]).toEqual(lists[0]);
  expect(lists[2]).toEqual(lists[0]);
  const discover = await post(server.url, bearer, rpc("modern", "server/discover"));
  expect(discover.json().result.supportedVersions).toEqual(["2026-07-28"]);
});

test("fault 83: with the store gone the server is still discovered and its tools are listed", async () => {
  const lone = await startTestServer({ definition: sampleServer, services } as never);
  const known = await lone.bearer();
  const before = (await post(lone.url, known, rpc("modern", "tools/list"))).json().result.tools;
  await lone.platform.store.close();
  const after = (await post(lone.url, known, rpc("modern", "tools/list"))).json().result.tools;
  expect(after).toEqual(before);
  const discover = await post(lone.url, known, rpc("modern", "server/discover"));
  expect(discover.json().result.supportedVersions).toEqual(["2026-07-28"]);
  await lone.close();
});

describe.each(eras)("fault 85: prototype names in arguments (%s)", (era) => {
  test.each(['{"__proto__":{"x":1},"text":"a"}', '{"constructor":{"prototype":{"x":1}},"text":"a"}'])(
    "%s pollutes nothing",
    async (values) => {
      const message = call(era, "echo_text", {});
      message.body = message.body.replace('"arguments":{}', `"arguments":${values}`);
      const answer = await post(server.url, bearer, message);
      expect(answer.status).toBe(200);
      expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
    },
  );
});

describe.each(eras)("fault 86: text (%s)", (era) => {
  test.each([
    ["NUL", "a\u0000b"],
    ["half a surrogate pair", "a\ud800b"],
  ])("%s is refused", async (_name, text) => {
    const answer = (await post(server.url, bearer, call(era, "echo_text", { text }))).json().result;
    expect(answer.isError).toBe(true);
    expect(answer.content[0].text).toContain("invalid_input");
  });

  test.each([
    ["four bytes", "👩‍🚀 𝒳"],
    ["bidi override", "a\u202eb"],
    ["combining", "e\u0301"],
  ])("%s comes back unchanged", async (_name, text) => {
    const answer = await post(server.url, bearer, call(era, "echo_text", { text }));
    expect(answer.json().result.structuredContent.text).toBe(text);
  });
});
