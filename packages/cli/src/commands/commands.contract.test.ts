import { randomBytes } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPlans } from "@sophia/core/approval/plans";
import { createTokens } from "@sophia/core/approval/tokens";
import { ensureKeyFile } from "@sophia/core/config/key-file";
import { systemClock } from "@sophia/core/limits/clock";
import { openAudit } from "@sophia/core/observe/audit";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { openStore } from "@sophia/core/store/store";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../program.ts";

const log = pino({ level: "silent" });
const approverToken = "approver-0123456789abcdef0123456789abcdef";
let dataDir = "";
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-commands-"))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function run(
  args: readonly string[],
  options: { environment?: Record<string, string>; isTTY?: boolean } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    isTTY: options.isTTY === true,
    columns: 200,
    write: (text: string) => (written[name] += text) !== "",
  });
  const code = await runCli({
    arguments: args,
    environment: { SOPHIA_DATA_DIR: dataDir, PATH: process.env["PATH"], NO_COLOR: "1", ...options.environment },
    streams: { stdin: { isTTY: options.isTTY === true }, stdout: stream("stdout"), stderr: stream("stderr") } as never,
  });
  return { code, ...written };
}

async function withTokens<T>(work: (tools: Awaited<ReturnType<typeof openTools>>) => Promise<T>): Promise<T> {
  const tools = await openTools();
  try {
    return await work(tools);
  } finally {
    await tools.store.close();
  }
}

async function openTools() {
  const store = await openStore<CoreTables>({ dataDir, migrations: [], log });
  const key = ensureKeyFile(join(dataDir, "plan-key"), () => randomBytes(32));
  return {
    store,
    tokens: createTokens({ store, clock: systemClock }),
    plans: createPlans({ store, clock: systemClock, key }),
  };
}

/** A caller, an approver by SOPHIA_APPROVER_TOKEN, and a plan that waits. */
async function preparePlan(summary = "Restart the container web"): Promise<{ planId: string; callerBearer: string }> {
  return await withTokens(async ({ tokens, plans }) => {
    await tokens.adopt(approverToken, { name: "boss", server: "*", scopes: ["read", "approve"] });
    const { bearer } = await tokens.create({ name: "agent", server: "*", scopes: ["read", "write"] });
    const caller = await tokens.authenticate(bearer, "infra");
    if (caller === undefined) throw new Error("The caller's token is not valid.");
    const row = await plans.propose({
      server: "infra",
      tool: "plan_change",
      caller,
      arguments: { resource: "web" },
      plan: {
        summary,
        changes: [{ action: "restart", resource: "web", before: "up 3 days" }],
        blastRadius: "Visitors, for 5 s",
        risk: "medium",
        costPerHourUsd: 0,
        stateVersion: "1",
      },
    });
    return { planId: row.id, callerBearer: bearer };
  });
}

test("--version prints the version of the package alone", async () => {
  const manifest = new URL("../../../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  expect(await run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("a token is made, listed without its value, and revoked", async () => {
  const made = await run(["token", "create", "--name", "ci", "--server", "ai", "--scope", "read,write", "--days", "2"]);
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sophia_ai_[\w-]{43}\n$/) });
  const bearer = made.stdout.trim();
  const list = await run(["token", "list", "--json"]);
  expect(JSON.parse(list.stdout)).toMatchObject({ tokens: [{ name: "ci", server: "ai", scopes: ["read", "write"] }] });
  expect(list.stdout).not.toContain(bearer);
  const who = (server: string) => withTokens(async ({ tokens }) => (await tokens.authenticate(bearer, server))?.name);
  expect([await who("ai"), await who("bi")]).toEqual(["ci", undefined]);
  expect((await run(["token", "revoke", "ci"])).code).toBe(0);
  expect(await who("ai")).toBeUndefined();
  expect(await run(["token", "revoke", "ci"])).toMatchObject({ code: 1, stdout: "" });
  expect((await run(["token", "list"])).stdout).toContain("revoked");
});

test("revoking by a name says how many tokens it was", async () => {
  for (let index = 0; index < 2; index += 1) await run(["token", "create", "--name", "ci", "--scope", "read"]);
  expect((await run(["token", "revoke", "ci"])).stderr).toContain("2 tokens with the name ci are revoked.");
  await run(["token", "create", "--name", "ci", "--scope", "read"]);
  expect((await run(["token", "revoke", "ci"])).stderr).toContain("Token ci is revoked.");
});

test.for([
  { name: "a scope that does not exist", args: ["--name", "x", "--scope", "admin"], says: "The scopes are" },
  { name: "a server that does not exist", args: ["--name", "x", "--server", "sales"], says: "no server called sales" },
  { name: "no name", args: ["--scope", "read"], says: "--name" },
  { name: "a time that is none", args: ["--name", "x", "--days", "soon"], says: "number of days" },
])("a token with $name is refused", async ({ args, says }) => {
  const { code, stderr, stdout } = await run(["token", "create", ...args]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(says);
});

test("an agent with a shell cannot make itself an approver", async () => {
  const make = ["token", "create", "--name", "me", "--scope", "approve"];
  expect(await run(make)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("on a terminal") });
  const { callerBearer } = await preparePlan();
  const asCaller = await run(make, { isTTY: true, environment: { SOPHIA_APPROVER_TOKEN: callerBearer } });
  expect(asCaller).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("may not approve") });
  const asBoss = await run(make, { environment: { SOPHIA_APPROVER_TOKEN: approverToken } });
  expect(asBoss).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sophia_approve_[\w-]{43}\n$/) });
});

test("a plan is shown, and approved only by an approver", async () => {
  const { planId, callerBearer } = await preparePlan("Restart\u001B[2J the container web");
  const waiting = await run(["plans"]);
  expect(waiting.stdout).toContain(`${planId}`);
  expect(waiting.stdout).not.toContain("\u001B");
  expect(await run(["approve", planId])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("no terminal to ask"),
  });
  for (const bearer of [callerBearer, "nonsense-nonsense-nonsense-nonsense"]) {
    const refused = await run(["approve", planId], { environment: { SOPHIA_APPROVER_TOKEN: bearer } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).not.toContain(bearer);
  }
  const file = join(dataDir, "approver");
  writeFileSync(file, `${approverToken}\n`);
  const approved = await run(["approve", planId, "--token-file", file]);
  expect(approved).toMatchObject({ code: 0, stdout: `Plan ${planId} is approved by boss.\n` });
  expect(approved.stderr).toContain("Blast radius: Visitors, for 5 s");
  expect((await run(["plans"])).stdout).not.toContain(planId);
  const all = JSON.parse((await run(["plans", "--all", "--json"])).stdout) as {
    plans: { id: string; state: string }[];
  };
  expect(all.plans).toMatchObject([{ id: planId, state: "approved" }]);
});

test.for([
  { environment: {}, says: "npm run sophia -- approve ID" },
  { environment: { SOPHIA_COMMAND: "docker compose run --rm ai" }, says: "docker compose run --rm ai approve ID" },
])("messages name a command so that it can be copied: $says", async ({ environment, says }) => {
  await preparePlan();
  expect((await run(["plans"], { environment })).stderr).toContain(`Decide with: ${says}, or: `);
});

test.for([{ isTTY: true }, { isTTY: false }])(
  "where nobody can approve, that is said before a token is asked for (terminal: $isTTY)",
  async ({ isTTY }) => {
    const { planId } = await preparePlan();
    expect((await run(["token", "revoke", "boss"])).code).toBe(0);
    const { code, stderr } = await run(["approve", planId], { isTTY });
    expect(code).toBe(1);
    expect(stderr).toContain("Nobody can approve yet");
    expect(stderr).toContain("token create --name me --scope approve");
  },
);

test("a refused plan stays refused", async () => {
  const { planId } = await preparePlan();
  const environment = { SOPHIA_APPROVER_TOKEN: approverToken };
  const refused = await run(["refuse", planId, "--reason", "not today", "--json"], { environment });
  expect(JSON.parse(refused.stdout)).toEqual({ id: planId, state: "refused" });
  expect(await run(["approve", planId], { environment })).toMatchObject({ code: 1, stdout: "" });
});

test("audit verify tells a whole record from an altered one", async () => {
  expect(await run(["audit", "verify"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("There is no audit"),
  });
  const audit = await openAudit({ directory: join(dataDir, "audit"), writer: "ai", log, clock: systemClock });
  const entry = { requestId: "r", caller: "c", server: "ai", tool: "t", effect: "read", argumentsHash: "0".repeat(64) };
  await audit.write({ ...entry, phase: "call", outcome: "ok" });
  await audit.close();
  const whole = await run(["audit", "verify", "--json"]);
  expect(whole.code).toBe(0);
  expect(JSON.parse(whole.stdout)).toMatchObject({ ok: true, problems: [] });
  // A closed chain is not listed: there is one more with each start of a server.
  expect((await run(["audit", "verify"])).stdout).toMatch(
    /^The audit is whole: 1 entries .* 0 of them not closed\.\n$/,
  );
  const [chain = ""] = globSync("**/ai-*.jsonl", { cwd: join(dataDir, "audit") });
  const file = join(dataDir, "audit", chain);
  writeFileSync(file, readFileSync(file, "utf8").replace('"outcome":"ok"', '"outcome":"no"'));
  const altered = await run(["audit", "verify"]);
  expect(altered.code).toBe(1);
  expect(altered.stderr).toContain("PROBLEM");
});

test("doctor knows all 19 services, within five seconds, and says how each comes to life", async () => {
  const startedAt = performance.now();
  const { code, stdout } = await run(["doctor", "--json"]);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  const report = JSON.parse(stdout) as {
    ok: boolean;
    machine: { state: string }[];
    services: { id: string; mode: string; reason: string; fix: string }[];
  };
  expect(report.services).toHaveLength(19);
  for (const { mode, reason, fix } of report.services) {
    expect(["live", "local", "simulated", "off"]).toContain(mode);
    expect(reason).not.toBe("");
    if (mode !== "live") expect(fix).not.toBe("");
  }
  expect(code).toBe(report.machine.some(({ state }) => state === "failed") ? 1 : 0);
});

test("doctor sets apart what no tool reaches yet", async () => {
  const { stdout } = await run(["doctor"]);
  const [reached = "", planned = ""] = stdout.slice(stdout.indexOf("Services")).split("Planned: ");
  expect(reached).toContain("Docker");
  expect(reached).toContain("Apify");
  for (const name of ["Lambda Labs"]) {
    expect(reached).not.toContain(name);
    expect(planned).toMatch(new RegExp(`^  ${name} +simulated .*\\n    set [A-Z_]+`, "m"));
  }
});

test("without simulation nothing is simulated, and a key makes its service live", async () => {
  const environment = { SOPHIA_SIMULATE: "0", OPENROUTER_API_KEY: `sk-or-v1-${"0".repeat(64)}` };
  const { stdout } = await run(["doctor", "--json"], { environment });
  const { services } = JSON.parse(stdout) as { services: { id: string; mode: string }[] };
  expect(services.filter(({ mode }) => mode === "simulated")).toEqual([]);
  expect(services.find(({ id }) => id === "openrouter")?.mode).toBe("live");
  expect(stdout).not.toContain(environment.OPENROUTER_API_KEY);
});

test("connect writes the file although the servers are down, says so, and fails", async () => {
  const file = join(dataDir, "cursor", "mcp.json");
  const ports = { SOPHIA_PORT_AI: "1", SOPHIA_PORT_DATA: "2", SOPHIA_PORT_INFRA: "3", SOPHIA_PORT_BI: "4" };
  const { code, stdout, stderr } = await run(["connect", "cursor", "--file", file], { environment: ports });
  expect(code).toBe(1);
  expect(stderr).toContain("Start the servers with: npm start");
  const { mcpServers } = JSON.parse(readFileSync(file, "utf8")) as {
    mcpServers: Record<string, { url: string; headers: { Authorization: string } }>;
  };
  expect(Object.keys(mcpServers)).toEqual(["sophia-ai", "sophia-data", "sophia-infra", "sophia-bi"]);
  const bearer = mcpServers["sophia-ai"]?.headers.Authorization.replace("Bearer ", "") ?? "";
  expect(await withTokens(async ({ tokens }) => (await tokens.authenticate(bearer, "bi"))?.scopes)).toEqual([
    "read",
    "write",
  ]);
  expect(stdout + stderr).not.toContain(bearer);
  expect(stdout).toContain("cursor://anysphere.cursor-deeplink/mcp/install?name=sophia-ai&config=");
  const before = readFileSync(file, "utf8");
  const again = await run(["connect", "cursor", "--file", file], { environment: ports });
  expect(readFileSync(file, "utf8")).toBe(before);
  expect(again.stderr).not.toContain("The file as it was");
  expect(globSync("*", { cwd: join(dataDir, "cursor") })).toEqual(["mcp.json"]);
});

test("connect leaves a broken configuration of Cursor alone and makes no token", async () => {
  const file = join(dataDir, "mcp.json");
  writeFileSync(file, '{"mcpServers": {},}');
  const { code, stderr } = await run(["connect", "cursor", "--file", file]);
  expect(code).toBe(78);
  expect(stderr).toContain("is not valid JSON");
  expect(readFileSync(file, "utf8")).toBe('{"mcpServers": {},}');
  expect(await withTokens(({ tokens }) => tokens.list())).toEqual([]);
});
