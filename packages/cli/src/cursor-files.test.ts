import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { serverList } from "./server-list.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const guard = join(root, ".cursor", "hooks", "guard-tools.mjs");
let dataDir = "";
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-hook-"))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

interface Decision {
  permission: string;
  user_message?: string;
  agent_message?: string;
}

const ours = { url: "http://127.0.0.1:8092/mcp" };

function runGuard(input: string, folder = dataDir, script = guard): Decision {
  const run = spawnSync(process.execPath, [script], {
    input,
    env: { SOPHIA_DATA_DIR: folder, HOME: dataDir, PATH: process.env["PATH"] },
    encoding: "utf8",
  });
  expect(run.status).toBe(0);
  return JSON.parse(run.stdout) as Decision;
}

describe("the guard hook", () => {
  test.for([
    { tool_name: "query_data", tool_input: { sql: "select 1" }, permission: "allow" },
    { tool_name: "run_tool", tool_input: { tool: "import_dataset", arguments: {} }, permission: "allow" },
    { tool_name: "run_tool", tool_input: '{"tool":"list_documents"}', permission: "allow" },
    { ...ours, tool_name: "run_tool", tool_input: { tool: "delete_document" }, permission: "allow" },
    { ...ours, tool_name: "delete_document", tool_input: { id: "d1" }, permission: "allow" },
    { ...ours, tool_name: "apply_change", tool_input: { planId: "pl_1" }, permission: "ask" },
    { tool_name: "run_tool", tool_input: { tool: "delete_document" }, permission: "deny" },
    { tool_name: "run_tool", tool_input: { tool: "apply_change", arguments: { planId: "pl_1" } }, permission: "ask" },
    { tool_name: "run_tool", tool_input: { tool: "apply_change", arguments: '{"planId":"pl_1"}' }, permission: "ask" },
    { tool_name: "run_tool", tool_input: { tool: "apply_change" }, permission: "deny" },
    { tool_name: "run_tool", tool_input: { tool: "run_tool", arguments: { tool: "drop_table" } }, permission: "deny" },
    { tool_name: "run_tool", tool_input: {}, permission: "deny" },
    { tool_name: "run_tool", tool_input: { tool: ["drop_table"] }, permission: "deny" },
    { tool_name: "run_tool", tool_input: { tool: "list_documents", arguments: "{" }, permission: "deny" },
    { tool_name: "apply_change", tool_input: { planId: "pl_1" }, permission: "ask" },
    { tool_name: "MCP:apply_change", tool_input: '{"planId":"pl_1"}', permission: "ask" },
    { tool_name: "apply_change", tool_input: {}, permission: "deny" },
    { tool_name: "apply_change", tool_input: "", permission: "deny" },
    { tool_name: "drop_table", tool_input: {}, permission: "deny" },
    { url: "http://127.0.0.1:9999/mcp", tool_name: "drop_table", tool_input: {}, permission: "deny" },
    { command: "npx other-server", tool_name: "drop_table", tool_input: {}, permission: "deny" },
    { command: "node /a/packages/cli/bootstrap.mjs stdio bi", tool_name: "drop_table", permission: "allow" },
    { tool_name: "MCP:other:drop_table", tool_input: {}, permission: "deny" },
    { tool_name: "MCP:sophia-infra:apply_change", tool_input: { planId: "pl_1" }, permission: "ask" },
    { tool_name: "terminate_instance", tool_input: {}, permission: "deny" },
    { tool_name: "deleteBranch", tool_input: {}, permission: "deny" },
    { tool_name: "delete-branch", tool_input: {}, permission: "deny" },
    { tool_name: "removeFiles", tool_input: {}, permission: "deny" },
    { tool_name: "list_dropped_frames", tool_input: {}, permission: "allow" },
    { tool_name: "search_deleted_pages", tool_input: {}, permission: "allow" },
  ])("$tool_name $tool_input: $permission", ({ permission, ...event }) => {
    expect(runGuard(JSON.stringify(event)).permission).toBe(permission);
  });

  test("a denied call says why and how a person allows it", () => {
    const denied = runGuard(JSON.stringify({ tool_name: "drop_table", url: "https://db.example/mcp" }));
    expect(denied.user_message).toBe(
      'drop_table sounds destructive, and no plan comes before it: denied. To be asked instead, add "drop_table" to .cursor/hooks/allowed-tools.json.',
    );
    expect(denied.agent_message).toContain("Do not try another way.");
    expect(JSON.parse(readFileSync(join(root, ".cursor", "hooks", "allowed-tools.json"), "utf8"))).toEqual([]);
  });

  test("a person is asked about a tool that was put on the list", () => {
    const copy = join(dataDir, ".cursor", "hooks");
    cpSync(join(root, ".cursor", "hooks"), copy, { recursive: true });
    writeFileSync(join(copy, "allowed-tools.json"), '["drop_table"]');
    const script = join(copy, "guard-tools.mjs");
    expect(runGuard('{"tool_name":"drop_table"}', dataDir, script).permission).toBe("ask");
    expect(runGuard('{"tool_name":"drop_index"}', dataDir, script).permission).toBe("deny");
  });

  test("the servers that connect wrote into the user's configuration are ours, others there are not", () => {
    mkdirSync(join(dataDir, ".cursor"));
    const mcpServers = {
      "sophia-data": { url: "http://127.0.0.1:7001/mcp" },
      db: { url: "http://127.0.0.1:7002/mcp" },
    };
    writeFileSync(join(dataDir, ".cursor", "mcp.json"), JSON.stringify({ mcpServers }));
    const call = (url: string) => runGuard(JSON.stringify({ tool_name: "delete_document", url })).permission;
    expect([mcpServers["sophia-data"].url, mcpServers.db.url].map(call)).toEqual(["allow", "deny"]);
  });

  test("every call is noted, without its arguments and without what may be a key in the address", () => {
    runGuard(
      JSON.stringify({
        tool_name: "query_data",
        tool_input: { sql: "canary-9f31" },
        url: "http://me:canary-9f31@h/mcp?key=canary-9f31#canary-9f31",
      }),
    );
    runGuard(JSON.stringify({ tool_name: "apply_change", tool_input: {} }));
    runGuard(JSON.stringify({ tool_name: "run_tool", tool_input: { tool: "delete_document", arguments: {} } }));
    const file = join(dataDir, "hooks", "cursor.jsonl");
    const lines = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { tool: "query_data", server: "http://h/mcp", permission: "allow" },
      { tool: "apply_change", permission: "deny" },
      { tool: "delete_document", through: "run_tool", permission: "deny" },
    ]);
    expect(readFileSync(file, "utf8")).not.toContain("canary-9f31");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  const nested = `${'{"tool":"run_tool","arguments":'.repeat(5_000)}{}${"}".repeat(5_000)}`;
  test.for([
    "",
    "not json",
    "null",
    "[]",
    "{}",
    '{"tool_name": 7}',
    '{"tool_name":"x","tool_input":"{"}',
    '{"tool_name":"x","tool_input":[1]}',
    `{"tool_name":"run_tool","tool_input":${nested}}`,
    "x".repeat(5_000_000),
  ])("%j is denied", (input) => {
    expect(runGuard(input).permission).toBe("deny");
  });

  test("a call that cannot be noted is denied", () => {
    const file = join(dataDir, "file");
    writeFileSync(file, "");
    expect(runGuard(JSON.stringify({ tool_name: "query_data" }), file).permission).toBe("deny");
  });

  test("hooks.json calls it and lets nothing through when it fails", () => {
    const { hooks } = JSON.parse(readFileSync(join(root, ".cursor", "hooks.json"), "utf8")) as {
      hooks: Record<string, { command: string; failClosed: boolean }[]>;
    };
    const [entry] = hooks["beforeMCPExecution"] ?? [];
    expect(entry?.failClosed).toBe(true);
    expect(existsSync(join(root, entry?.command.split(" ")[1] ?? ""))).toBe(true);
  });
});

test(".cursor/mcp.json names the four servers at their default ports and holds no secret", () => {
  const text = readFileSync(join(root, ".cursor", "mcp.json"), "utf8");
  const { mcpServers } = JSON.parse(text) as {
    mcpServers: Record<string, { url: string; headers: { Authorization: string } }>;
  };
  expect(Object.keys(mcpServers)).toEqual(serverList.map(({ id }) => `sophia-${id}`));
  expect(Object.values(mcpServers).map(({ url }) => url)).toEqual(
    [8091, 8092, 8093, 8094].map((port) => `http://127.0.0.1:${port}/mcp`),
  );
  for (const { headers } of Object.values(mcpServers)) expect(headers.Authorization).toBe("Bearer ${env:SOPHIA_TOKEN}");
});

describe("rules", () => {
  const files = globSync("*.mdc", { cwd: join(root, ".cursor", "rules") });

  test.for(files)("%s has the front matter Cursor reads and stays short", (name) => {
    const text = readFileSync(join(root, ".cursor", "rules", name), "utf8");
    const [, matter = ""] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? [];
    const keys = matter.split("\n").map((line) => line.split(":")[0]);
    expect(keys).toEqual(["description", "globs", "alwaysApply"]);
    expect(matter).toMatch(/^alwaysApply: (?:true|false)$/m);
    expect(text.split("\n").length).toBeLessThan(60);
  });

  test("every path a rule names exists", () => {
    for (const name of files) {
      const text = readFileSync(join(root, ".cursor", "rules", name), "utf8");
      for (const [, path = ""] of text.matchAll(/`((?:packages|servers|infra|\.cursor)\/[\w./-]+\.\w+)`/g)) {
        expect(existsSync(join(root, path)), `${name} names ${path}`).toBe(true);
      }
    }
  });
});
