import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { testCatalogue } from "@sophia/core/testing/catalogue-contract";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type AiHarness, startAiHarness } from "./testing/ai-harness.ts";
import { aiServer } from "./server.ts";

let harness: AiHarness;
let bearer: string;

beforeAll(async () => {
  harness = await startAiHarness({ endpoint: { service: "simulator", mode: "simulated", models: [] } });
  bearer = await harness.createBearer();
});
afterAll(() => harness.close());

/** What the two generations of clients have in common, as far as it is used here. */
interface AnyClient {
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<Record<string, unknown>>;
  listTools(): Promise<{ tools: { name: string }[] }>;
  close(): Promise<void>;
}

async function connectEarlier(): Promise<AnyClient> {
  const client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(`${harness.url}/mcp`), withBearer());
  // The transport's optional members are typed without `undefined`.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

async function connectModern(): Promise<AnyClient> {
  const client = new ModernClient({ name: "test", version: "1" });
  await client.connect(new ModernTransport(new URL(`${harness.url}/mcp`), withBearer()));
  return client;
}

function withBearer() {
  return { requestInit: { headers: { authorization: `Bearer ${bearer}` } } };
}

describe.each([
  ["the 2025 client", connectEarlier],
  ["the 2026 client", connectModern],
])("over MCP with %s", (_name, connect) => {
  let client: AnyClient;
  beforeAll(async () => {
    client = await connect();
  });
  afterAll(() => client.close());

  test("the listed tools are ours and the pair over the long tail", async () => {
    const names = (await client.listTools()).tools.map((tool) => tool.name);
    expect(names.toSorted()).toEqual([
      "check_models",
      "compare_models",
      "complete",
      "explain_route",
      "find_tools",
      "list_models",
      "manage_cache",
      "report_usage",
      "run_tool",
    ]);
  });

  test("complete answers, and says that nothing real did", async () => {
    const result = await client.callTool({ name: "complete", arguments: { prompt: "hello", model: "gpt-4o" } });
    expect(result["isError"]).not.toBe(true);
    expect(result["structuredContent"]).toMatchObject({
      text: expect.stringContaining("no language model was asked"),
      model: "simulated/small",
      source: { service: "simulator", mode: "simulated", costUsd: 0 },
    });
    expect(JSON.stringify(result["content"])).toContain("SIMULATED");
  });

  test("a slip in a model's name is refused with the name that was meant", async () => {
    const result = await client.callTool({
      name: "complete",
      arguments: { prompt: "hello", model: "simulated/smal" },
    });
    expect(result["isError"]).toBe(true);
    expect(JSON.stringify(result["content"])).toMatch(/not_found.*Did you mean simulated\/small/);
  });

  test("list_models lists", async () => {
    const result = await client.callTool({ name: "list_models", arguments: { search: "small" } });
    expect(result["structuredContent"]).toMatchObject({
      models: [{ id: "simulated/small", mode: "simulated" }],
      total: 1,
    });
  });

  test("embed_texts is found and run through the long tail", async () => {
    const found = await client.callTool({ name: "find_tools", arguments: { query: "embed texts similarity" } });
    expect(JSON.stringify(found["content"])).toContain("embed_texts");
    const run = { tool: "embed_texts", arguments: { texts: ["restart billing", "restart the billing"] } };
    const result = await client.callTool({ name: "run_tool", arguments: run });
    expect(result["isError"]).not.toBe(true);
    expect(JSON.stringify(result["content"])).toContain("similarity");
  });

  test("a provider's failure is a result with our words", async () => {
    harness.simulator.faults.set({ kind: "status", status: 500 });
    const result = await client.callTool({ name: "complete", arguments: { prompt: "fail", model: "simulated/small" } });
    expect(result["isError"]).toBe(true);
    expect(JSON.stringify(result["content"])).not.toContain("VENDOR TEXT");
  });
});

testCatalogue(aiServer, import.meta.dirname);

test("complete writes one ledger row for each call: what was paid, and nothing for an answer from the cache", async () => {
  const paid = await startAiHarness();
  onTestFinished(() => paid.close());
  const client = new Client({ name: "test", version: "1" });
  const headers = { authorization: `Bearer ${await paid.createBearer()}` };
  const transport = new StreamableHTTPClientTransport(new URL(`${paid.url}/mcp`), { requestInit: { headers } });
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  const call = { name: "complete", arguments: { prompt: "hello", model: "simulated/large" } };
  const first = await client.callTool(call);
  const second = await client.callTool(call);
  await client.close();
  const { usage, source } = first.structuredContent as {
    usage: { inputTokens: number; outputTokens: number };
    source: { costUsd: number };
  };
  expect(second.structuredContent).toMatchObject({ cached: true, source: { costUsd: 0 } });
  const total = await paid.spent();
  const rows = await paid.platform.store.db.selectFrom("ledger_entries").selectAll().execute();
  expect(rows).toMatchObject([{ server: "ai", service: "openrouter", unit: "tokens", kind: "actual" }]);
  expect(source.costUsd).toBeCloseTo(usage.inputTokens * 3e-6 + usage.outputTokens * 15e-6, 9);
  expect(total).toMatchObject({
    entries: 1,
    quantity: usage.inputTokens + usage.outputTokens,
    costUsd: source.costUsd,
    estimatedUsd: 0,
  });
});
