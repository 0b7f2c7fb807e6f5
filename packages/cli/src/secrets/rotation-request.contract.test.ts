import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callTool } from "../../../../servers/infra/src/testing/call-tool.ts";
import { readAllFiles } from "../end-to-end/canaries.ts";
import { bearer, environmentFor, freePorts, ready, startUp } from "../end-to-end/start-servers.ts";
import { runInProcess } from "./testing/run-in-process.ts";

const canary = `sk-or-v1-${"5c".repeat(32)}`;
let folder = "";
let dataDir = "";
let url = "";
let up: ChildProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sophia-request-"));
  dataDir = join(folder, "data");
  await secrets(["init"]);
  await secrets(["set", "OPENROUTER_API_KEY"], canary);
  const ports = await freePorts(5);
  url = `http://127.0.0.1:${ports[2]}`;
  up = startUp(environmentFor(dataDir, "127.0.0.1:1", ports), ["--only", "infra"]);
  await ready(url);
}, 90_000);
afterAll(async () => {
  up.kill("SIGTERM");
  await new Promise((resolve) => (up.exitCode === null ? up.once("exit", resolve) : resolve(undefined)));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}, 60_000);

async function secrets(words: readonly string[], input?: string): Promise<string> {
  const result = await runInProcess(words, { dataDir, ...(input !== undefined && { input }) });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout;
}

test(
  "the Copilot, whose key does not open the secret, has its rotation begun by `up`, whose key does",
  { timeout: 60_000 },
  async () => {
    const run = (tool: string, input: unknown) => callTool(url, bearer, "run_tool", { tool, arguments: input });
    const described = await run("describe_environment", {
      environment: "ai-intelligence-development",
      secretsOnly: true,
    });
    expect(JSON.stringify(described.structuredContent)).toContain('"servers":["ai"]');
    const planned = await run("plan_rotation", { variable: "OPENROUTER_API_KEY" });
    const { planId } = planned.structuredContent.result ?? planned.structuredContent;
    const applied = await callTool(url, bearer, "apply_change", { planId });
    expect(applied.structuredContent, JSON.stringify(applied)).toMatchObject({
      outcome: "applied",
      result: { state: "begun", rotationId: expect.any(String), pageUrl: "https://openrouter.ai/settings/keys" },
    });
    const { tasks } = JSON.parse(await secrets(["tasks", "--json"])) as {
      tasks: { variable: string; rotationId: string }[];
    };
    expect(tasks).toMatchObject([
      { variable: "OPENROUTER_API_KEY", rotationId: applied.structuredContent.result.rotationId },
    ]);
    const again = await run("plan_rotation", { variable: "OPENROUTER_API_KEY" });
    expect(again.isError).toBe(true);
    expect(JSON.stringify([described, planned, applied, again])).not.toContain(canary);
    for (const [file, text] of readAllFiles(dataDir)) expect(text.includes(canary), file).toBe(false);
  },
);
