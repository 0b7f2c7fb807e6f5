import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createContextKey, propagation, trace } from "@opentelemetry/api";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { recordSpans } from "../testing/record-spans.ts";
import { post, rpc, type Era } from "../testing/raw-http.ts";
import { createSampleServices, sampleServer, type SampleServices } from "../testing/sample-server.ts";
import { secretForms } from "../testing/secret-forms.ts";
import { startTestServer } from "../testing/test-server.ts";
import { defineServer } from "./define-server.ts";
import { defineTool, Source, type ToolContext } from "./define-tool.ts";

const canary = "cnry-1a2b3c4d5e6f708192a3b4c5d6e7f809";

const tellSecret = defineTool({
  name: "tell_secret",
  title: "Tell",
  description: "Says a secret on the way, and asks for it.",
  effect: "read",
  interactive: true,
  input: z.strictObject({ ask: z.boolean() }),
  output: z.object({ source: Source }),
  async run({ ask }, { progress, client }: ToolContext<SampleServices>) {
    progress({ done: 1, total: 2, message: `connecting with ${canary} ${"x".repeat(5_000)}` });
    await client?.tell("info", `using ${canary}`);
    if (ask) client?.ask({ again: { kind: "form", message: `Is it ${canary}?`, schema: { type: "object" } } });
    return { source: { service: "sample", mode: "local" as const, costUsd: 0 } };
  },
});

/** Prompts and resources that fail and answer with a secret, as a careless one would. */
const leakyServer = defineServer<SampleServices>({
  ...sampleServer,
  direct: [...sampleServer.direct.filter(({ name }) => name === "echo_text"), tellSecret],
  prompts: [
    {
      name: "leaky",
      title: "Leaky",
      description: "Fails or tells.",
      arguments: [
        {
          name: "how",
          description: "How.",
          required: true,
          complete(value) {
            if (value === "fail") throw new Error(`postgres://user:${canary}@db/x`);
            return [canary];
          },
        },
      ],
      messages({ how }) {
        if (how === "fail") throw new Error(`postgres://user:${canary}@db/x`);
        return [{ role: "user", content: { type: "text", text: `Say ${canary}` } }];
      },
    },
  ],
  resources: [
    {
      uri: "sample://leaky/{how}",
      name: "leaky",
      title: "Leaky",
      description: "Fails or tells.",
      mimeType: "text/plain",
      async read({ how }, { uri }) {
        if (how === "fail") throw new Error(`postgres://user:${canary}@db/x`);
        return { uri, mimeType: "text/plain", text: `It is ${canary}` };
      },
    },
  ],
});

let server: Awaited<ReturnType<typeof startTestServer>>;
let bearer: string;

beforeAll(async () => {
  server = await startTestServer({ definition: leakyServer, services: createSampleServices() } as never);
  server.platform.scrubber.register(canary, "CANARY");
  bearer = await server.bearer();
});
afterAll(() => server.close());

interface AuditLine {
  tool: string;
  phase: string;
  outcome: string;
  effect: string;
}

async function auditLines(dataDir = server.dataDir): Promise<AuditLine[]> {
  await delay(100);
  return readdirSync(`${dataDir}/audit`)
    .filter((file) => file.endsWith(".jsonl"))
    .flatMap((file) => readFileSync(`${dataDir}/audit/${file}`, "utf8").trim().split("\n"))
    .map((line) => JSON.parse(line) as AuditLine);
}

const eras: Era[] = ["modern", "legacy"];
const complete = (value: string) => ({
  ref: { type: "ref/prompt", name: "leaky" },
  argument: { name: "how", value },
});

describe.each(eras)("fault 103: prompts, resources and completions (%s)", (era) => {
  test.each<[method: string, params: Record<string, unknown>]>([
    ["prompts/get", { name: "leaky", arguments: { how: "fail" } }],
    ["prompts/get", { name: "leaky", arguments: { how: "tell" } }],
    ["resources/read", { uri: "sample://leaky/fail" }],
    ["resources/read", { uri: "sample://leaky/tell" }],
    ["completion/complete", complete("fail")],
    ["completion/complete", complete("tell")],
  ])("%s %j tells no secret and no raw error", async (method, params) => {
    const message = rpc(era, method, params);
    if (method === "resources/read" && era === "modern") message.headers["mcp-name"] = String(params["uri"]);
    const answer = await post(server.url, bearer, message);
    const { result, error } = answer.json();
    expect(result ?? error).toBeDefined();
    for (const form of secretForms(canary)) expect(answer.text).not.toContain(form);
    expect(answer.text).not.toContain("postgres://");
    const failed = JSON.stringify(params).includes("fail");
    if (failed) expect(error.code).toBe(-32_603);
    else expect(JSON.stringify(result)).toContain("CANARY");
    const line = (await auditLines()).findLast(({ tool }) => tool === method);
    expect(line).toMatchObject({ phase: "call", effect: "read", outcome: failed ? "internal" : "ok" });
  });

  test.each([false, true])("progress, messages and questions of a tool tell no secret (asks: %s)", async (ask) => {
    const message = rpc(era, "tools/call", {
      name: "tell_secret",
      arguments: { ask },
      _meta: { progressToken: "p", "io.modelcontextprotocol/logLevel": "debug" },
    });
    const answer = await post(server.url, bearer, message);
    expect(answer.text).toContain("connecting with");
    // Many notes wait for a slow reader: each is short.
    expect(answer.text).not.toContain("x".repeat(500));
    for (const form of secretForms(canary)) expect(answer.text).not.toContain(form);
  });
});

describe.each(eras)("what is not there is limited and recorded like all else (%s)", (era) => {
  test("an unknown tool", async () => {
    const answer = await post(server.url, bearer, rpc(era, "tools/call", { name: `no_${era}`, arguments: {} }));
    expect(answer.json().error.code).toBe(-32_602);
    expect((await auditLines()).at(-1)).toMatchObject({ tool: "tools/call", outcome: "not_found" });
  });

  test("an unknown tool behind run_tool is one name, whatever it is called", async () => {
    const inner = { name: "run_tool", arguments: { tool: `x_${era}`, arguments: {} } };
    const answer = await post(server.url, bearer, rpc(era, "tools/call", inner));
    expect(answer.json().result.isError).toBe(true);
    expect((await auditLines()).at(-1)).toMatchObject({ tool: "unknown", outcome: "not_found" });
  });
});

describe.each(eras)("the caller's trace (%s)", (era) => {
  test.each([
    ["tools/call", { name: "echo_text", arguments: { text: "x" } }, "tools/call echo_text"],
    ["prompts/get", { name: "leaky", arguments: { how: "tell" } }, "prompts/get"],
  ])("goes on in the span of %s", async (method, params, name) => {
    const key = createContextKey("traceparent");
    const { spans, parents } = recordSpans();
    propagation.setGlobalPropagator({
      inject() {},
      extract: (context, carrier) => context.setValue(key, (carrier as Record<string, unknown>)["traceparent"]),
      fields: () => [],
    });
    onTestFinished(() => {
      trace.disable();
      propagation.disable();
    });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await post(server.url, bearer, rpc(era, method, { ...params, _meta: { traceparent } }));
    expect(spans).toMatchObject([{ name, ended: true }]);
    expect(parents[0]?.getValue(key)).toBe(traceparent);
  });
});

describe("scopes", () => {
  test("a token that only approves calls nothing", async () => {
    const approver = await server.bearer(["approve"]);
    const answer = await post(server.url, approver, rpc("modern", "tools/list"));
    expect(answer.status).toBe(403);
    expect(answer.json().error).toMatchObject({ code: -31_006 });
  });

  test("fault 100: a refused bearer is in the audit, without the bearer", async () => {
    const guess = "sophia_ai_GUESSEDGUESSEDGUESSEDGUESSEDGUESSEDGUESS";
    expect((await post(server.url, guess, rpc("modern", "tools/list"))).status).toBe(401);
    const lines = await auditLines();
    expect(lines.at(-1)).toMatchObject({ phase: "auth", outcome: "denied" });
    expect(JSON.stringify(lines)).not.toContain("GUESSED");
  });
});

test("a read-only installation refuses to plan and to apply, in words that say why", async () => {
  const services = createSampleServices();
  const environment = { SOPHIA_READ_ONLY: "1" };
  const readOnly = await startTestServer({ definition: sampleServer, services, environment } as never);
  try {
    const token = await readOnly.bearer();
    for (const [tool, values] of [
      ["change_thing", { to: "x", risk: "low" }],
      ["apply_change", { planId: "plan_x" }],
    ]) {
      const wrapped = rpc("modern", "tools/call", { name: "run_tool", arguments: { tool, arguments: values } });
      const { result } = (await post(readOnly.url, token, wrapped)).json();
      expect(result.isError).toBe(true);
      expect(result.content[0].text).toContain("SOPHIA_READ_ONLY");
    }
    expect(services.applied).toEqual([]);
    const calls = (await auditLines(readOnly.dataDir)).filter(({ phase }) => phase === "call");
    expect(calls.map(({ outcome }) => outcome)).toEqual(["denied", "denied"]);
  } finally {
    await readOnly.close();
  }
});
