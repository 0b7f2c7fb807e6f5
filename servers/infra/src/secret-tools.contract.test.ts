import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startTestServer } from "@sophia/core/testing/test-server";
import { afterAll, beforeAll, expect, it } from "vitest";
import { infraServer } from "./server.ts";
import type { InfraServices } from "./services.ts";
import { callTool, type ToolAnswer } from "./testing/call-tool.ts";
import { fakeServices } from "./testing/fake-services.ts";
import { canaries, openSecretFixture, type SecretFixture, texts } from "./testing/secret-fixture.ts";

let fixture: SecretFixture;
let test: Awaited<ReturnType<typeof startTestServer<InfraServices>>>;
let bearer: string;
const answers: string[] = [];
const id = { project: "sophia", name: "infrastructure-development" };
const later = "canary-of-a-later-revision-0123456789";

beforeAll(async () => {
  fixture = await openSecretFixture();
  await fixture.owner.update(id, texts.infrastructure.replace(/canary-\w+/, later), { message: "Another key" });
  test = await startTestServer({ definition: infraServer, services: fakeServices({ secrets: fixture.desk }) });
  bearer = await test.bearer();
});
afterAll(async () => {
  await test.close();
  fixture.close();
});

async function call(name: string, input: unknown): Promise<ToolAnswer> {
  const answer = await callTool(test.url, bearer, name, input);
  answers.push(JSON.stringify(answer));
  return answer;
}

async function run(tool: string, input: unknown): Promise<ToolAnswer["structuredContent"]> {
  const answer = await call("run_tool", { tool, arguments: input });
  expect(answer.isError ?? false, JSON.stringify(answer.content)).toBe(false);
  return answer.structuredContent;
}

function readFiles(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")).join("\n");
}

it("are found by what people ask for", async () => {
  for (const [query, name] of [
    ["which secrets are old", "describe_environment"],
    ["compare staging with production secrets", "compare_environments"],
    ["rotate a key", "plan_rotation"],
  ]) {
    const { structuredContent } = await call("find_tools", { query });
    expect(JSON.stringify(structuredContent)).toContain(`"${name}"`);
  }
});

it("answer through the whole server, and no value comes through in any way", async () => {
  expect(JSON.stringify(await run("list_environments", {}))).toContain("sophia/base");
  for (const environment of ["infrastructure-development", "ai-intelligence-development", "base"]) {
    await run("describe_environment", { environment });
    await run("check_environment", { environment });
    await run("compare_environments", { before: environment, after: "infrastructure-staging", all: true });
  }
  await run("plan_rotation", { variable: "OPENROUTER_API_KEY" });
  const planned = await run("rollback_environment", { environment: "infrastructure-development", revision: 2 });
  const { planId } = planned.result ?? planned;
  expect(planId).toMatch(/^pl/);
  const early = await call("apply_change", { planId });
  expect(early.isError).toBe(true);
  expect((await fixture.owner.get(id)).revision).toBe(3);
  await test.approve(planId);
  const applied = await call("apply_change", { planId });
  expect(applied.structuredContent).toMatchObject({ outcome: "applied", result: { revision: 4, restored: 2 } });
  await call("run_tool", { tool: "describe_environment", arguments: { environment: `${canaries[0]}/x/y` } });
  const audit = readFiles(join(test.dataDir, "audit"));
  expect(audit).toContain("rollback_environment");
  const seen = [...answers, ...test.logLines, audit, readFiles(test.dataDir)].join("\n");
  const values = [canaries[1], canaries[2], later];
  for (const value of values) expect(seen).not.toContain(value);
});

it("a rotation of low risk is begun by its caller, and asked for once", async () => {
  const planned = await run("plan_rotation", { variable: "GITHUB_TOKEN", environment: "infrastructure-staging" });
  const { planId, plan } = planned.result ?? planned;
  expect(plan.risk).toBe("low");
  const applied = await call("apply_change", { planId });
  expect(applied.structuredContent).toMatchObject({
    outcome: "applied",
    result: { state: "begun", pageUrl: "https://github.example/keys" },
  });
  expect(fixture.requests).toMatchObject([{ planId, revision: 2, target: { variable: "GITHUB_TOKEN" } }]);
  expect((await call("apply_change", { planId })).isError).toBe(true);
  expect(fixture.requests).toHaveLength(1);
});

it("a caller who may only read gets no plan", async () => {
  const reader = await test.bearer(["read"]);
  const answer = await callTool(test.url, reader, "run_tool", {
    tool: "rollback_environment",
    arguments: { environment: "base", revision: 1 },
  });
  expect(answer.isError).toBe(true);
  expect(JSON.stringify(answer)).toMatch(/denied|not_found/);
});
