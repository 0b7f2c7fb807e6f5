import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import inspectorPackage from "@modelcontextprotocol/inspector/package.json" with { type: "json" };
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bearer, serverIds, startServers } from "./start-servers.ts";

let running: Awaited<ReturnType<typeof startServers>>;
beforeAll(async () => {
  running = await startServers();
}, 90_000);
afterAll(() => running.stop(), 30_000);

/** The official Inspector as a user runs it from a terminal. */
function inspect(url: string, options: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/inspector/package.json"));
  const script = join(folder, inspectorPackage.bin["mcp-inspector"]);
  const base = ["--cli", `${url}/mcp`, "--transport", "http", "--header", `Authorization: Bearer ${bearer}`];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [script, ...base, "--format", "json", ...options],
      // Without a key chain the Inspector would wait for one.
      { timeout: 60_000, env: { ...process.env, MCP_INSPECTOR_SECRET_STORE: "memory" } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
  });
}

describe.each(["legacy", "modern"])("the official Inspector, %s era", (era) => {
  test.each(serverIds)("finds nothing against %s with --strict", { timeout: 70_000 }, async (id) => {
    const listed = await inspect(running.urls[id], ["--protocol-era", era, "--method", "tools/list", "--strict"]);
    expect({ code: listed.code, stderr: listed.stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(listed.stdout).result.tools.length).toBeGreaterThan(2);
  });
});

test("calls a tool and gets its rows", { timeout: 70_000 }, async () => {
  const called = await inspect(running.urls.bi, [
    "--method",
    "tools/call",
    "--tool-name",
    "query_data",
    "--tool-args-json",
    '{"sql":"SELECT count(*) AS orders FROM sample_orders"}',
  ]);
  expect(called.code, called.stderr).toBe(0);
  expect(JSON.parse(called.stdout).result.structuredContent.rows[0][0]).toBeGreaterThan(1_000);
});
