import { request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { post, type RawAnswer, rpc } from "../../testing/raw-http.ts";
import { createSampleServices, sampleServer } from "../../testing/sample-server.ts";
import { startTestServer } from "../../testing/test-server.ts";

/** The leg with sessions, which is off by default; protocol.fault.test.ts has the stateless one. */
let server: Awaited<ReturnType<typeof startTestServer>>;
let bearer: string;
beforeAll(async () => {
  const sessions = { maxSessions: 150, idleMs: 60_000 };
  server = await startTestServer({ definition: sampleServer, services: createSampleServices(), sessions } as never);
  bearer = await server.bearer();
});
afterAll(() => server.close());

const clientInfo = { name: "t", version: "1" };
const hello = rpc("legacy", "initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
const echo = rpc("legacy", "tools/call", { name: "echo_text", arguments: { text: "mine" } });

async function open(as = bearer): Promise<string> {
  return String((await post(server.url, as, hello)).headers["mcp-session-id"]);
}

function within(session: string, message: typeof hello, as = bearer): Promise<RawAnswer> {
  return post(server.url, as, { ...message, headers: { ...message.headers, "mcp-session-id": session } });
}

async function end(session: string, as: string): Promise<number> {
  const headers = { authorization: `Bearer ${as}`, "mcp-session-id": session };
  const response = await request(`${server.url}/mcp`, { method: "DELETE", headers });
  await response.body.dump();
  return response.statusCode;
}

describe("fault 74: a session id", () => {
  test("that is unknown is 404, none at all is 400", async () => {
    expect((await within("8f6f4b1e-0000-4000-8000-000000000000", echo)).status).toBe(404);
    expect((await post(server.url, bearer, echo)).status).toBe(400);
  });

  test("of another caller is 404, for calls and for its end", async () => {
    const session = await open();
    const stranger = await server.bearer();
    expect((await within(session, echo, stranger)).status).toBe(404);
    expect(await end(session, stranger)).toBe(404);
    expect((await within(session, echo)).json().result.structuredContent.text).toBe("mine");
  });

  test("that was ended is 404 when it is used again", async () => {
    const session = await open();
    expect(await end(session, bearer)).toBe(200);
    expect((await within(session, echo)).status).toBe(404);
  });
});

describe("fault 75: initialize", () => {
  test("a hundred at once get a hundred sessions", async () => {
    const ids = await Promise.all(Array.from({ length: 100 }, () => open()));
    expect(new Set(ids).size).toBe(100);
    expect(ids).not.toContain("undefined");
  });

  test("a second one in a session is refused, and the session goes on", async () => {
    const session = await open();
    expect((await within(session, hello)).status).toBe(400);
    expect((await within(session, echo)).status).toBe(200);
  });
});
