import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  organisation,
  type StartedCloud,
  startCloud,
  token,
} from "../../../vendors/src/pulumi-esc/testing/start-cloud.ts";
import { readAllFiles } from "../end-to-end/canaries.ts";
import { runInProcess } from "./testing/run-in-process.ts";
import { type CommandResult, runSecrets } from "./testing/run-secrets.ts";

const canary = "canary-0123456789abcdef0123456789abcdef";
let folder = "";
let cloud: StartedCloud;
let environment: Record<string, string> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sophia-cloud-cli-"));
  cloud = await startCloud();
  environment = {
    PULUMI_ACCESS_TOKEN: token,
    PULUMI_ESC_ENVIRONMENT: `${organisation}/sophia/sophia-ai-development`,
    PULUMI_BACKEND_URL: cloud.server.url,
  };
});
afterAll(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(words: readonly string[], input?: string): Promise<CommandResult> {
  const options = { dataDir: join(folder, "data"), environment, ...(input !== undefined && { input }) };
  const result = await runInProcess(words, options);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result;
}

test("with an account the same commands work on Pulumi Cloud", { timeout: 90_000 }, async () => {
  expect((await run(["init"])).stderr).toContain(organisation);
  await run(["set", "OPENROUTER_API_KEY"], canary);
  const key = ["ai_intelligence.openrouter.OPENROUTER_API_KEY", "--value", "string"];
  expect((await run(["get", "ai-intelligence-development", ...key])).stdout).toBe("[secret]\n");
  expect((await run(["get", "ai-intelligence-development", ...key, "--show-secrets"])).stdout).toBe(`${canary}\n`);
  await run(["set", "ai-intelligence-development", "plain", "2"]);
  await run(["tag", "ai-intelligence-development@3", "stable"]);
  expect((await run(["diff", "ai-intelligence-development@stable"])).stdout).toContain("+ plain: 2");
  await run(["rollback", "ai-intelligence-development@stable"]);
  expect((await run(["log", "ai-intelligence-development"])).stdout).toMatch(/^revision 5 \(latest\)/);
  expect((await run(["ls", "--limit", "2"])).stderr).toContain("--cursor");
  const opened = await cloud.local.open({ project: "sophia", name: "sophia-ai-development" });
  expect(JSON.stringify([...(opened.environment?.properties.keys() ?? [])])).toContain("environmentVariables");
  const refused = await runInProcess(["credential", "ai"], { dataDir: join(folder, "data"), environment });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("access token") });
  expect(cloud.disagreements).toEqual([]);
  for (const [file, text] of readAllFiles(join(folder, "data"))) {
    for (const secret of [canary, token]) expect(text.includes(secret), file).toBe(false);
  }
});

test("a program gets its variables from there, and the command ends with it", { timeout: 30_000 }, async () => {
  const ran = await runSecrets(["run", "sophia-ai-development", "--", "sh", "-c", "echo $OPENROUTER_API_KEY; exit 5"], {
    dataDir: join(folder, "data"),
    environment,
  });
  expect(ran).toMatchObject({ code: 5, stdout: "[secret]\n" });
});

test("a cloud that is away is told, without the token", { timeout: 60_000 }, async () => {
  const away = { ...environment, PULUMI_BACKEND_URL: "http://127.0.0.1:9" };
  const refused = await runInProcess(["ls"], { dataDir: join(folder, "data"), environment: away });
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).not.toContain(token);
});
