import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "../../../core/src/testing/child-environment.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findFreePort } from "../../../core/src/testing/peers.ts";
import { isAlive } from "../supervisor/testing/supervise-fixtures.ts";

vi.setConfig({ testTimeout: 90_000 });

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const listTools = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
const queryData = JSON.stringify({
  jsonrpc: "2.0",
  id: 2,
  method: "tools/call",
  params: { name: "query_data", arguments: { sql: "SELECT 1 AS one" } },
});

let environment: Record<string, string> = {};

beforeEach(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-stdio-cli-"));
  environment = {
    ...childEnvironment(),
    HOME: dataDir,
    SOPHIA_DATA_DIR: dataDir,
    SOPHIA_PORT_BI: String(await findFreePort()),
    SOPHIA_LOG_LEVEL: "trace",
  };
});
afterEach(() => rmSync(environment["HOME"] ?? "", { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));

/** Every process that runs with this test's data directory, by its environment. */
function processesOfTest(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && belongsToTest(pid));
}

function belongsToTest(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`SOPHIA_DATA_DIR=${environment["SOPHIA_DATA_DIR"]}`);
  } catch {
    return false;
  }
}

/** The children of these processes, and theirs: the engine's process has nothing of our environment. */
function withDescendants(pids: readonly number[]): number[] {
  const children = pids.flatMap((pid) => {
    try {
      return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number).filter(Boolean);
    } catch {
      return [];
    }
  });
  return children.length === 0 ? [...pids] : [...new Set([...pids, ...withDescendants(children)])];
}

test("`sophia stdio` writes nothing but the protocol to stdout, and ends with its client's input", async () => {
  const child = spawn(process.execPath, [main, "stdio", "bi"], { env: environment });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(`${listTools}\n${queryData}\n`);
  const code = await new Promise((resolve) => child.once("close", resolve));
  const messages = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: number; result?: { isError?: boolean } });
  expect(new Set(messages.map(({ id }) => id))).toEqual(new Set([1, 2]));
  expect(messages).toHaveLength(2);
  expect(messages.find(({ id }) => id === 2)?.result?.isError).toBeUndefined();
  expect(stderr).toContain('"level":"debug"');
  expect(code).toBe(0);
});

test("an unknown server is named on stderr, and stdout stays empty", async () => {
  const child = spawn(process.execPath, [main, "stdio", "nosuch"], { env: environment });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).not.toBe(0);
  expect(stdout).toBe("");
  expect(stderr).toContain("nosuch");
});

// Descendants are looked up in /proc.
test.skipIf(process.platform !== "linux")(
  "a client that is killed leaves no process of `sophia stdio` behind, nor the engine's",
  async () => {
    const script = `const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, [${JSON.stringify(main)}, "stdio", "bi"], { stdio: ["pipe", "pipe", "ignore"] });
    child.stdout.on("data", () => process.stdout.write("answered"));
    child.stdin.write(${JSON.stringify(`${queryData}\n`)});`;
    const client = spawn(process.execPath, ["-e", script], { env: environment, stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((resolve) => client.stdout.once("data", resolve));
    const processes = withDescendants(processesOfTest());
    // The client, the command, the server and the engine.
    expect(processes.length).toBeGreaterThanOrEqual(4);
    client.kill("SIGKILL");
    await vi.waitFor(() => expect(processes.filter(isAlive)).toEqual([]), { timeout: 9_000, interval: 50 });
  },
);
