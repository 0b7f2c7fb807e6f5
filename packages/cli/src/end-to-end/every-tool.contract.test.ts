import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AnyClient, connectLegacy, connectModern, type Reach } from "./clients.ts";
import { exampleCalls, refusals, refusalsAlone } from "./example-calls.ts";
import { bearer, scriptOf, type ServerId, serverIds, startServers } from "./start-servers.ts";

let running: Awaited<ReturnType<typeof startServers>>;
const folders: string[] = [];

beforeAll(async () => {
  running = await startServers();
}, 90_000);
afterAll(async () => {
  await running.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}, 30_000);

const clients = { "2025 era (sdk 1.32)": connectLegacy, "2026-07-28 (client 2.x)": connectModern };
const ways = ["http", "stdio beside a running server", "stdio alone"] as const;

function reach(way: (typeof ways)[number], id: ServerId): Reach {
  if (way === "http") return { kind: "http", url: running.urls[id], bearer };
  const environment = { ...running.environment };
  if (way === "stdio alone") {
    const folder = mkdtempSync(join(tmpdir(), "sophia-stdio-"));
    folders.push(folder);
    environment["SOPHIA_DATA_DIR"] = folder;
    // Nobody listens there, so that the process serves by itself.
    Object.assign(environment, {
      SOPHIA_PORT_AI: "11",
      SOPHIA_PORT_DATA: "12",
      SOPHIA_PORT_INFRA: "13",
      SOPHIA_PORT_BI: "14",
    });
  }
  return { kind: "stdio", script: scriptOf(id), environment };
}

async function callEveryTool(client: AnyClient, id: ServerId, isAlone: boolean): Promise<void> {
  const { tools } = await client.listTools();
  const examples = exampleCalls(running.pageUrl)[id] ?? {};
  expect(tools.length).toBeGreaterThan(0);
  for (const { name } of tools) {
    const refusal = refusals[name] ?? (isAlone ? refusalsAlone[name] : undefined);
    const values = refusal?.arguments ?? examples[name];
    expect(values, `${name} has no example call`).toBeDefined();
    const result = await client.callTool({ name, arguments: values ?? {} });
    const text = JSON.stringify(result.content);
    if (refusal) {
      expect(result.isError, text).toBe(true);
      expect(text).toContain(refusal.code);
    } else {
      expect(result.isError ?? false, `${id} ${name}: ${text.slice(0, 400)}`).toBe(false);
      expect(result.structuredContent).toMatchObject({ source: { service: expect.any(String) } });
    }
  }
}

describe.each(Object.entries(clients))("%s", (_era, connect) => {
  describe.each(ways)("over %s", (way) => {
    test.each(serverIds)("every listed tool of %s", { timeout: 60_000 }, async (id) => {
      const client = await connect(reach(way, id));
      try {
        await callEveryTool(client, id, way === "stdio alone");
      } finally {
        await client.close();
      }
    });
  });
});
