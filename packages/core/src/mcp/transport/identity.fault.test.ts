import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSampleServices, sampleServer } from "../../testing/sample-server.ts";
import { post, rpc, type Era } from "../../testing/raw-http.ts";
import { startTestServer } from "../../testing/test-server.ts";
import { secretForms } from "../../testing/secret-forms.ts";

const canary = "cnry-9f8e7d6c5b4a39281706f5e4d3c2b1a0";
const services = createSampleServices();
let server: Awaited<ReturnType<typeof startTestServer>>;
let bearer: string;

beforeAll(async () => {
  server = await startTestServer({ definition: sampleServer, services } as never);
  server.platform.scrubber.register(canary, "CANARY");
  bearer = await server.bearer();
});
afterAll(() => server.close());

const eras: Era[] = ["modern", "legacy"];
const call = (era: Era, name: string, values: unknown) => rpc(era, "tools/call", { name, arguments: values });

describe("fault 100: bearers", () => {
  test.each([
    ["none", undefined],
    ["wrong", "sophia_ai_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ["not a token", "x y z"],
  ])("%s is 401 without a pointer to OAuth", async (_name, value) => {
    const answer = await post(server.url, value, call("modern", "echo_text", { text: "x" }));
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="sophia"');
  });

  test("one character off is 401", async () => {
    const near = bearer.slice(0, -1) + (bearer.endsWith("A") ? "B" : "A");
    expect((await post(server.url, near, call("modern", "echo_text", { text: "x" }))).status).toBe(401);
  });

  test("a sibling server's token is 401", async () => {
    const sibling = await server.bearer(["read"], "bi");
    expect((await post(server.url, sibling, call("modern", "echo_text", { text: "x" }))).status).toBe(401);
  });

  test("an expired and a revoked token are 401", async () => {
    const expired = await server.tokens.create({
      name: "old",
      server: "*",
      scopes: ["read"],
      expiresAt: Date.now() - 1_000,
    });
    expect((await post(server.url, expired.bearer, call("modern", "echo_text", { text: "x" }))).status).toBe(401);
    const revoked = await server.tokens.create({ name: "gone", server: "*", scopes: ["read"] });
    await server.tokens.revoke(revoked.id);
    expect((await post(server.url, revoked.bearer, call("modern", "echo_text", { text: "x" }))).status).toBe(401);
  });

  test("a token in the query is not looked at", async () => {
    const message = call("modern", "echo_text", { text: "x" });
    expect((await post(server.url, undefined, message, `/mcp?token=${bearer}`)).status).toBe(401);
  });

  test("guessing is slowed down", async () => {
    const answers = [];
    for (let guess = 0; guess < 40; guess++) {
      answers.push(await post(server.url, `sophia_ai_guess${guess}`, call("modern", "echo_text", { text: "x" })));
    }
    expect(answers.at(-1)?.status).toBe(429);
    expect((await post(server.url, bearer, call("modern", "echo_text", { text: "x" }))).status).toBe(200);
  });

  test.each([
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-authorization-server",
  ])("%s is a plain 404", async (path) => {
    const { request } = await import("undici");
    const response = await request(`${server.url}${path}`);
    expect(response.statusCode).toBe(404);
    await response.body.dump();
  });
});

describe.each(eras)("fault 101: a read-only bearer (%s)", (era) => {
  test("does not see, find or run a write tool", async () => {
    const reader = await server.bearer(["read"]);
    const list = (await post(server.url, reader, rpc(era, "tools/list"))).json().result.tools;
    expect(list.map((tool: { name: string }) => tool.name)).not.toContain("apply_change");
    const found = (await post(server.url, reader, call(era, "find_tools", {}))).json().result.structuredContent;
    expect(found.tools.map((tool: { name: string }) => tool.name)).toEqual(["read_result"]);
    const guessed = await post(server.url, reader, call(era, "change_thing", { to: "x" }));
    expect(guessed.json().error.code).toBe(-32_602);
    const wrapped = await post(
      server.url,
      reader,
      call(era, "run_tool", { tool: "change_thing", arguments: { to: "x" } }),
    );
    expect(wrapped.json().result.isError).toBe(true);
    expect(services.applied).toEqual([]);
  });
});

describe.each(eras)("fault 102: changes need a plan and its approval (%s)", (era) => {
  const run = (tool: string, values: unknown, as = bearer) =>
    post(server.url, as, call(era, "run_tool", { tool, arguments: values })).then((answer) => answer.json().result);

  test("the first call only plans; without approval nothing happens; approved it happens once", async () => {
    const before = services.applied.length;
    const planned = (await run("change_thing", { to: `${era}-1` })).structuredContent.result;
    expect(planned.state).toBe("proposed");
    expect(services.applied.length).toBe(before);
    const early = await run("apply_change", { planId: planned.planId });
    expect(early.isError).toBe(true);
    expect(early.content[0].text).toContain("approval_required");
    const own = await server.tokens.authenticate(bearer, "ai");
    await expect(server.approve(planned.planId, own)).rejects.toMatchObject({ kind: "denied" });
    await server.approve(planned.planId);
    const done = await run("apply_change", { planId: planned.planId });
    expect(done.structuredContent.result).toMatchObject({ outcome: "applied" });
    expect(services.applied.slice(before)).toEqual([`${era}-1`]);
    const again = await run("apply_change", { planId: planned.planId });
    expect(again.isError).toBe(true);
    expect(services.applied.slice(before)).toEqual([`${era}-1`]);
  });

  test("a changed state is refused", async () => {
    const planned = (await run("change_thing", { to: `${era}-2` })).structuredContent.result;
    await server.approve(planned.planId);
    services.state = `changed-${era}`;
    const applied = await run("apply_change", { planId: planned.planId });
    expect(applied.isError).toBe(true);
    expect(services.applied).not.toContain(`${era}-2`);
  });

  test("another caller's plan is refused", async () => {
    const planned = (await run("change_thing", { to: `${era}-3`, risk: "low" })).structuredContent.result;
    const other = await server.bearer();
    expect((await run("apply_change", { planId: planned.planId }, other)).isError).toBe(true);
    expect(services.applied).not.toContain(`${era}-3`);
  });

  test("the next step of a plan works as it is written, with a tool that clients see", async () => {
    const planned = (await run("change_thing", { to: `${era}-5`, risk: "low" })).structuredContent.result;
    const [, name = "", values = "{}"] = /call (\w+) with (\{.*\}) to/.exec(planned.nextStep) ?? [];
    const listed = (await post(server.url, bearer, rpc(era, "tools/list", {}))).json().result.tools;
    expect(listed.map((tool: { name: string }) => tool.name)).toContain(name);
    const done = (await post(server.url, bearer, call(era, name, JSON.parse(values)))).json().result;
    expect(done.structuredContent.result.outcome).toBe("applied");
  });

  test("a low-risk plan may be applied by its caller", async () => {
    const planned = (await run("change_thing", { to: `${era}-4`, risk: "low" })).structuredContent.result;
    expect((await run("apply_change", { planId: planned.planId })).structuredContent.result.outcome).toBe("applied");
    expect(services.applied).toContain(`${era}-4`);
  });
});

describe.each(eras)("fault 103: a secret in an error or an answer (%s)", (era) => {
  test.each(["error", "app", "cause", "output"])("%s", async (how) => {
    const answer = await post(server.url, bearer, call(era, "fail_loudly", { text: canary, how }));
    for (const form of secretForms(canary)) expect(answer.text).not.toContain(form);
    if (how === "error") expect(answer.json().result.content[0].text).not.toContain("postgres://");
  });

  test("nothing of it is in the log, the metrics or the audit", async () => {
    const { request } = await import("undici");
    const { readdirSync, readFileSync } = await import("node:fs");
    const metrics = await request(`${server.url}/metrics`, { headers: { authorization: `Bearer ${bearer}` } });
    const everything = [
      await metrics.body.text(),
      server.logLines.join("\n"),
      ...readdirSync(`${server.dataDir}/audit`)
        .filter((file) => file.endsWith(".jsonl"))
        .map((file) => readFileSync(`${server.dataDir}/audit/${file}`, "latin1")),
    ].join("\n");
    for (const form of secretForms(canary)) expect(everything).not.toContain(form);
    expect(server.logLines.some((line) => line.includes("call failed"))).toBe(true);
  });
});

test("an answer that breaks its own schema is an internal error without details", async () => {
  const answer = await post(server.url, bearer, call("modern", "answer_wrongly", {}));
  expect(answer.json().result.isError).toBe(true);
  expect(answer.json().result.content[0].text).toContain("internal");
});
