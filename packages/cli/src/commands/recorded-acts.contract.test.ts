import { randomBytes } from "node:crypto";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPlans } from "@sophia/core/approval/plans";
import { createTokens } from "@sophia/core/approval/tokens";
import { ensureKeyFile } from "@sophia/core/config/key-file";
import { systemClock } from "@sophia/core/limits/clock";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { openStore } from "@sophia/core/store/store";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../program.ts";

const approverToken = "approver-0123456789abcdef0123456789abcdef";
const asApprover = { SOPHIA_APPROVER_TOKEN: approverToken };
let dataDir = "";
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-recorded-"))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function run(args: readonly string[], environment: Record<string, string> = {}) {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    isTTY: false,
    columns: 200,
    write: (text: string) => (written[name] += text) !== "",
  });
  const code = await runCli({
    arguments: args,
    environment: { SOPHIA_DATA_DIR: dataDir, PATH: process.env["PATH"], NO_COLOR: "1", ...environment },
    streams: { stdin: { isTTY: false }, stdout: stream("stdout"), stderr: stream("stderr") } as never,
  });
  return { code, ...written };
}

/** An approver, and a plan of somebody else that waits. */
async function prepare(): Promise<{ planId: string; approverId: string; stateOf(): Promise<string | undefined> }> {
  const open = () => openStore<CoreTables>({ dataDir, migrations: [], log: pino({ level: "silent" }) });
  const store = await open();
  const key = ensureKeyFile(join(dataDir, "plan-key"), () => randomBytes(32));
  const tokens = createTokens({ store, clock: systemClock });
  const approver = await tokens.adopt(approverToken, { name: "boss", server: "*", scopes: ["read", "approve"] });
  const plans = createPlans({ store, clock: systemClock, key });
  const row = await plans.propose({
    server: "infra",
    tool: "plan_change",
    caller: { id: "tok_agent", name: "agent", scopes: ["read", "write"] },
    arguments: {},
    plan: {
      summary: "Restart the container web",
      changes: [{ action: "restart", resource: "web" }],
      blastRadius: "Visitors, for 5 s",
      risk: "medium",
      costPerHourUsd: 0,
      stateVersion: "1",
    },
  });
  await store.close();
  return {
    planId: row.id,
    approverId: approver.id,
    async stateOf() {
      const again = await open();
      const stored = await createPlans({ store: again, clock: systemClock, key }).get(row.id);
      await again.close();
      return stored?.state;
    },
  };
}

function readEntries(): Record<string, unknown>[] {
  const directory = join(dataDir, "audit");
  const files = globSync("cli-*.jsonl", { cwd: directory }).toSorted();
  const lines = files.flatMap((file) => readFileSync(join(directory, file), "utf8").trim().split("\n"));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line["kind"] === "entry");
}

test.for([
  ["approve", "approved"],
  ["refuse", "refused"],
] as const)("%s leaves who decided what, before and after", async ([decision, state]) => {
  const { planId, approverId } = await prepare();
  expect((await run([decision, planId], asApprover)).code).toBe(0);
  const line = { caller: approverId, server: "infra", tool: decision, phase: "decide", planId };
  expect(readEntries()).toMatchObject([
    { ...line, outcome: "begun" },
    { ...line, outcome: state },
  ]);
  expect((await run(["audit", "verify"])).code).toBe(0);
});

test("an attempt without the right leaves a line", async () => {
  const { planId, stateOf } = await prepare();
  expect((await run(["approve", planId], { SOPHIA_APPROVER_TOKEN: "nonsense-nonsense-nonsense-nonsense" })).code).toBe(
    1,
  );
  expect(readEntries()).toMatchObject([{ caller: "cli", tool: "approve", phase: "decide", outcome: "denied", planId }]);
  expect(await stateOf()).toBe("proposed");
});

test("a token made and revoked leaves its id, never its value", async () => {
  const { approverId } = await prepare();
  const plain = await run(["token", "create", "--name", "ci", "--json"]);
  const { id, bearer } = JSON.parse(plain.stdout) as { id: string; bearer: string };
  const appointed = await run(["token", "create", "--name", "second", "--scope", "approve", "--json"], asApprover);
  const second = JSON.parse(appointed.stdout) as { id: string };
  expect((await run(["token", "revoke", "ci"])).code).toBe(0);
  expect((await run(["token", "revoke", "ci"])).code).toBe(1);
  const ended = readEntries().filter((line) => line["outcome"] !== "begun");
  expect(ended).toMatchObject([
    { caller: "cli", tool: "token.create", phase: "token", outcome: "created", tokenId: id },
    { caller: approverId, tool: "token.create", phase: "token", outcome: "created", tokenId: second.id },
    { caller: "cli", tool: "token.revoke", phase: "token", outcome: "revoked", tokenId: id },
    { caller: "cli", tool: "token.revoke", phase: "token", outcome: "not_found" },
  ]);
  expect(JSON.stringify(readEntries())).not.toContain(bearer);
});

test("nothing is decided when the audit cannot be opened", async () => {
  const { planId, stateOf } = await prepare();
  writeFileSync(join(dataDir, "audit"), "a file where the folder should be");
  const refused = await run(["approve", planId], asApprover);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("nothing was done") });
  expect(await stateOf()).toBe("proposed");
});
