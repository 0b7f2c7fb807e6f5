import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, describe, expect, test } from "vitest";
import { createSampleServices, sampleServer } from "../../testing/sample-server.ts";
import { startTestServer } from "../../testing/test-server.ts";

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
});

/** A server and an official client whose person answers every form with `reply`. */
async function start(approveInClient: boolean, reply: { action: string; content?: Record<string, unknown> }) {
  const services = createSampleServices();
  const server = await startTestServer({
    definition: { ...sampleServer, listsApplyChange: true },
    services,
    environment: { SOPHIA_APPROVE_IN_CLIENT: approveInClient ? "1" : "0" },
  });
  open.push(server);
  const bearer = await server.bearer();
  const client = new Client(
    { name: "test", version: "1.0.0" },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: { pin: "2026-07-28" } } },
  );
  const questions: string[] = [];
  client.setRequestHandler("elicitation/create", async (request) => {
    questions.push(request.params.message);
    return reply as never;
  });
  const headers = { authorization: `Bearer ${bearer}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit: { headers } }));
  open.push(client);
  const planned = await client.callTool({
    name: "run_tool",
    arguments: { tool: "change_thing", arguments: { to: "v2", risk: "high" } },
  });
  const { planId } = (planned.structuredContent as { result: { planId: string } }).result;
  const applied = await client.callTool({ name: "apply_change", arguments: { planId } });
  return { services, questions, applied, server, planId };
}

describe("approval in the client", () => {
  test("asks what the plan says, and a yes carries it out once", async () => {
    const { services, questions, applied } = await start(true, { action: "accept", content: { approve: true } });
    expect(questions).toEqual([expect.stringContaining("Set the state to v2. Who notices: Nobody. Risk: high")]);
    expect(applied.isError, JSON.stringify(applied.content)).toBeUndefined();
    expect(services.applied).toEqual(["v2"]);
  });

  test.each([
    ["a no", { action: "accept", content: { approve: false } }],
    ["a refusal", { action: "decline" }],
    ["a closed form", { action: "cancel" }],
    ["a form of another shape", { action: "accept", content: { approve: "yes" } }],
  ])("%s changes nothing", async (_name, reply) => {
    const { services, applied } = await start(true, reply);
    expect(applied.isError).toBe(true);
    expect(services.applied).toEqual([]);
  });

  test("is off by default: nobody is asked", async () => {
    const { services, questions, applied } = await start(false, { action: "accept", content: { approve: true } });
    expect(questions).toEqual([]);
    expect(JSON.stringify(applied.content)).toContain("approval_required");
    expect(services.applied).toEqual([]);
  });
});
