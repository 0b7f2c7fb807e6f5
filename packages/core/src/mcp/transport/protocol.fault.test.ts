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

describe("fault 62: bodies that are no JSON-RPC message", () => {
  test.each([
    ["broken JSON", '{"jsonrpc":', -32_700],
    ["empty", "", -32_700],
    ["a number", "42", -32_600],
    ["a string", '"x"', -32_600],
    ["null", "null", -32_600],
    ["wrong version", '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32_600],
    ["object id", '{"jsonrpc":"2.0","id":{},"method":"ping"}', -32_600],
    ["null id", '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32_600],
    ["invalid UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), -32_600],
  ])("%s", async (_name, body, code) => {
    const answer = await post(server.url, bearer, { headers: json, body });
    expect(answer.status).toBe(400);
    expect(answer.json().error.code).toBe(code);
  });
});

test("fault 63: a modern batch is refused, a legacy one is bounded and counts every call", async () => {
  const modern = JSON.parse(call("modern", "echo_text", { text: "x" }).body);
  const refused = await post(server.url, bearer, {
    headers: { ...json, "mcp-protocol-version": "2026-07-28" },
    body: JSON.stringify([modern]),
  });
  expect([refused.status, refused.json().error.code]).toEqual([400, -32_600]);
  const many = Array.from({ length: 101 }, (_, id) => ({ jsonrpc: "2.0", id, method: "ping" }));
  const over = await post(server.url, bearer, { headers: json, body: JSON.stringify(many) });
  expect(over.status).toBe(400);
  const limits = { requestsPerSecond: 1, burst: 3 };
  const limited = await startTestServer({ definition: sampleServer, services, limits } as never);
  const calls = Array.from({ length: 20 }, (_, id) => JSON.parse(call("legacy", "echo_text", { text: "x" }, id).body));
  const batch = await post(limited.url, await limited.bearer(), { headers: json, body: JSON.stringify(calls) });
  await limited.close();
  const answered = batch.text.match(/"structuredContent":\{"text":"x"/g)?.length ?? 0;
  const refusedCalls = batch.text.match(/Too many calls of this kind\. Wait/g)?.length ?? 0;
  expect(answered + refusedCalls).toBe(20);
  expect(answered).toBeGreaterThanOrEqual(3);
  expect(answered).toBeLessThan(8);
});

test("fault 64: an unknown method is 404 and −32601", async () => {
  const answer = await post(server.url, bearer, rpc("modern", "no/such"));
  expect([answer.status, answer.json().error.code]).toEqual([404, -32_601]);
});

describe.each(eras)("fault 65: unknown tools (%s)", (era) => {
  test.each(["no_such_tool", "__proto__", "constructor", "toString", "hasOwnProperty", ""])("%j", async (name) => {
    const answer = await post(server.url, bearer, call(era, name, {}));
    expect(answer.json().error.code).toBe(-32_602);
  });
});

describe.each(eras)("fault 66: arguments that do not fit (%s)", (era) => {
  test.each([
    ["missing", {}, "text"],
    ["wrong type", { text: 5 }, "text"],
    ["extra", { text: "x", surprise: "sk-live-123456" }, "surprise"],
    ["too big", { text: "x", times: 99 }, "times"],
    ["array", [], "arguments"],
  ])("%s names the field and repeats no value", async (_name, values, field) => {
    const answer = (await post(server.url, bearer, call(era, "echo_text", values))).json();
    const text = answer.result?.content[0].text ?? answer.error.message;
    expect(text).toContain(field);
    expect(text).not.toContain("sk-live");
    expect(answer.result?.isError ?? true).toBe(true);
  });

  test("no tool runs for them", async () => {
    for (const values of [{}, { ms: "1" }, { ms: 1, more: 1 }, { ms: 1e9 }]) {
      await post(server.url, bearer, call(era, "wait_long", values));
    }
    expect(services.started).toBe(0);
    await post(server.url, bearer, call(era, "wait_long", { ms: 1 }));
    expect(services.started).toBe(1);
    services.started = 0;
  });
});

test("fault 67: a missing Accept is served in the modern era and 406 in the legacy one", async () => {
  const modern = call("modern", "echo_text", { text: "x" });
  delete modern.headers["accept"];
  expect((await post(server.url, bearer, modern)).status).toBe(200);
  const legacy = call("legacy", "echo_text", { text: "x" });
  legacy.headers["accept"] = "text/html";
  expect((await post(server.url, bearer, legacy)).status).toBe(406);
});

test("fault 68: another content type is 415", async () => {
  const message = call("modern", "echo_text", { text: "x" });
  message.headers["content-type"] = "text/plain";
  expect((await post(server.url, bearer, message)).status).toBe(415);
});

test("fault 69: an unknown version is refused with the supported ones", async () => {
  const message = call("modern", "echo_text", { text: "x" });
  message.headers["mcp-protocol-version"] = "2099-01-01";
  message.body = message.body.replace("2026-07-28", "2099-01-01");
  const answer = await post(server.url, bearer, message);
  expect(answer.status).toBe(400);
  expect(answer.json().error).toMatchObject({ code: -32_022, data: { supported: ["2026-07-28"] } });
  const legacy = call("legacy", "echo_text", { text: "x" });
  legacy.headers["mcp-protocol-version"] = "1999-01-01";
  expect((await post(server.url, bearer, legacy)).status).toBe(400);
});

describe("fault 70: headers that disagree with the body", () => {
  test.each([
    ["other name", { "mcp-name": "wait_long" }, -32_020],
    ["other method", { "mcp-method": "tools/list" }, -32_020],
    ["no method", { "mcp-method": undefined }, -32_020],
    ["no name", { "mcp-name": undefined }, -32_020],
    ["no version", { "mcp-protocol-version": undefined }, -32_020],
    ["other version", { "mcp-protocol-version": "2025-11-25" }, -32_020],
    ["bad sentinel", { "mcp-name": "=?base64?***?=" }, -32_020],
  ])("%s", async (_name, headers, code) => {
    const message = call("modern", "echo_text", { text: "x" });
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined) delete message.headers[name];
      else message.headers[name] = value;
    }
    const answer = await post(server.url, bearer, message);
    expect([answer.status, answer.json().error.code]).toEqual([400, code]);
  });

  test("no envelope", async () => {
    const message = call("modern", "echo_text", { text: "x" });
    message.body = call("legacy", "echo_text", { text: "x" }).body;
    const answer = await post(server.url, bearer, message);
    expect([answer.status, answer.json().error.code]).toEqual([400, -32_602]);
  });

  test("a name in a Base64 sentinel is the same name", async () => {
    const message = call("modern", "echo_text", { text: "x" });
    message.headers["mcp-name"] = `=?base64?${Buffer.from("echo_text").toString("base64")}?=`;
    expect((await post(server.url, bearer, message)).json().result.structuredContent.text).toBe("x");
  });
});

describe("fault 71: an argument that its header contradicts", () => {
  const encoded = (text: string) => `=?base64?${Buffer.from(text).toString("base64")}?=`;
  test.each([
    ["missing", undefined, 400],
    ["other value", "us-west-2", 400],
    ["bad sentinel", "=?base64?%%%?=", 400],
    ["equal", "eu-north-1", 200],
    ["equal in a sentinel", encoded("eu-north-1"), 200],
  ])("%s", async (_name, header, status) => {
    const message = call("modern", "name_region", { region: "eu-north-1" });
    if (header !== undefined) message.headers["mcp-param-region"] = header;
    const answer = await post(server.url, bearer, message);
    expect(answer.status).toBe(status);
    if (status === 400) expect(answer.json().error.code).toBe(-32_020);
  });

  test("a header without the argument is ignored", async () => {
    const message = call("modern", "name_region", {});
    message.headers["mcp-param-region"] = "anything";
    expect((await post(server.url, bearer, message)).json().result.structuredContent.region).toBe("none");
  });
});

describe("fault 72: Host and Origin", () => {
  test.each([
    [{ host: "evil.example" }, 403],
    [{ host: "localhost.evil" }, 403],
    [{ origin: "https://evil.example" }, 403],
    [{ origin: "null" }, 403],
    [{ host: "localhost:9999" }, 200],
    [{ host: "[::1]:8091" }, 200],
    [{ origin: "http://localhost:3000" }, 200],
  ])("%j → %i, before the bearer is looked at", async (headers, status) => {
    const message = call("modern", "echo_text", { text: "x" });
    Object.assign(message.headers, headers);
    expect((await post(server.url, status === 403 ? undefined : bearer, message)).status).toBe(status);
  });

  test.each(["/livez", "/readyz", "/healthz", "/metrics"])("%s is guarded too", async (path) => {
    const { request } = await import("undici");
    const response = await request(`${server.url}${path}`, { headers: { host: "evil.example" } });
    expect(response.statusCode).toBe(403);
    await response.body.dump();
  });
});

test.each(["GET", "DELETE", "PUT"] as const)("fault 73: %s is 405", async (method) => {
  const { request } = await import("undici");
  const response = await request(`${server.url}/mcp`, { method, headers: { authorization: `Bearer ${bearer}` } });
  expect(response.statusCode).toBe(405);
  await response.body.dump();
});

test("fault 74: a session id of a stateless server is ignored and none is made", async () => {
  const message = call("legacy", "echo_text", { text: "x" });
  message.headers["mcp-session-id"] = "8f6f4b1e-0000-4000-8000-000000000000";
  const answer = await post(server.url, bearer, message);
  expect(answer.status).toBe(200);
  expect(answer.headers["mcp-session-id"]).toBeUndefined();
});

test("fault 75: a hundred initializations at once are all answered, stateless", async () => {
  const hello = rpc("legacy", "initialize", {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "t", version: "1" },
  });
  const answers = await Promise.all(Array.from({ length: 100 }, () => post(server.url, bearer, hello)));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
  expect(answers[0]?.json().result.protocolVersion).toBe("2025-06-18");
});

describe.each(eras)("fault 78: one id twice at once (%s)", (era) => {
  test("both are answered and not mixed", async () => {
    const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
    const answers = await Promise.all(
      texts.map((text) => post(server.url, bearer, call(era, "echo_text", { text }, "same"))),
    );
    expect(answers.map((answer) => answer.json().result.structuredContent.text)).toEqual(texts);
  });
});
