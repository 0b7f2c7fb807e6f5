import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { findPortOwner } from "@sophia/core/config/port-owner";
import { findLockHolder } from "@sophia/core/store/data-lock";
import { findFreePort } from "../../core/src/testing/peers.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startSophia, type SophiaRun } from "./supervisor/testing/run-sophia.ts";
import { isAlive, measureUntil } from "./supervisor/testing/supervise-fixtures.ts";

// Starting real servers several times takes longer on a busy machine than the runner's default allows.
vi.setConfig({ testTimeout: 120_000 });

let dataDir = "";
let environment: Record<string, string> = {};
const runs: SophiaRun[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "sophia-up-"));
  const names = ["AI", "DATA", "INFRA", "BI"];
  const ports = await Promise.all(
    names.map(async (name) => [`SOPHIA_PORT_${name}`, String(await findFreePort())] as const),
  );
  environment = { HOME: dataDir, SOPHIA_DATA_DIR: dataDir, ...Object.fromEntries(ports) };
});
afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.child.kill("SIGKILL");
    await run.ended;
  }
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

function sophia(args: readonly string[], more: Readonly<Record<string, string>> = {}): SophiaRun {
  const run = startSophia(args, { ...environment, ...more });
  runs.push(run);
  return run;
}

interface UpReport {
  servers: { id: string; state: string; pid: number; url: string }[];
}

async function startInfra(
  more: Readonly<Record<string, string>> = {},
): Promise<SophiaRun & { pid: number; url: string }> {
  const run = sophia(["up", "--only", "infra", "--json"], more);
  await measureUntil(() => run.stdout().includes("\n") || run.child.exitCode !== null, 25_000);
  const [server] = (JSON.parse(run.stdout()) as UpReport).servers;
  if (server === undefined) throw new Error(run.stderr());
  return { ...run, pid: server.pid, url: server.url };
}

test("fault 111 and 14: `up` twice: the second refuses and names the first, which goes on and stops cleanly", async () => {
  const first = await startInfra();
  const second = await sophia(["up", "--only", "infra"]).ended;
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`process ${first.child.pid} (sophia up, since `);
  const status = await sophia(["status", "--json"]).ended;
  const { servers } = JSON.parse(status.stdout) as { servers: { id: string; state: string }[] };
  expect(servers.map(({ id, state }) => [id, state])).toEqual([
    ["ai", "down"],
    ["data", "down"],
    ["infra", "ready"],
    ["bi", "down"],
  ]);
  expect(status.code).toBe(1);
  first.child.kill("SIGTERM");
  expect((await first.ended).code).toBe(0);
  expect(isAlive(first.pid)).toBe(false);
  expect(findLockHolder(dataDir, "infra")).toBeUndefined();
});

test("fault 111: without a terminal there are plain lines, results on stdout and the rest on stderr", async () => {
  const run = sophia(["up", "--only", "infra"]);
  await measureUntil(() => run.stdout().includes("Next: "), 25_000);
  run.child.kill("SIGTERM");
  const { code, stdout, stderr } = await run.ended;
  expect(code).toBe(0);
  expect(stripVTControlCharacters(stdout + stderr)).toBe(stdout + stderr);
  expect(stdout).toMatch(
    /^Token for MCP clients: in \S+caller-token\nSERVER +URL +MODES\nInfrastructure Copilot +http:\/\/127\.0\.0\.1:\d+\/mcp +Docker (?:local|off), GitHub \w+(?: \(unused\))?\n/,
  );
  expect(stderr).toContain("Infrastructure Copilot: ready");
  expect(stderr).toMatch(/Stopping \(SIGTERM\): .*\nInfrastructure Copilot: stopped\n$/);
  // Output of a start without a terminal ends in logs: the approver's token is not among it, and not valid.
  expect(stdout + stderr).not.toMatch(/sophia_(?:all|approve)_/);
  expect(stdout).not.toContain("approving");
  const list = await sophia(["token", "list", "--json"]).ended;
  const { tokens } = JSON.parse(list.stdout) as { tokens: { name: string; revokedAt?: number }[] };
  expect(tokens.find(({ name }) => name === "first approver")?.revokedAt).toBeTypeOf("number");
});

test.for([100, 600, 1_500])("fault 111: Ctrl-C %d ms after the start leaves nothing behind", async (afterMs) => {
  const run = sophia(["up", "--only", "infra"]);
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  run.child.kill("SIGINT");
  const { stdout } = await run.ended;
  expect(stdout).not.toContain("crash");
  expect(findLockHolder(dataDir, "infra")).toBeUndefined();
  const port = Number(environment["SOPHIA_PORT_INFRA"]);
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once("error", reject).listen(port, "127.0.0.1", () => resolve()));
  probe.close();
});

test("fault 11: a port taken: the owner and the fix are named, nothing is started, exit code 1", async () => {
  const owner = createServer();
  await new Promise<void>((resolve) => owner.listen(Number(environment["SOPHIA_PORT_BI"]), "127.0.0.1", resolve));
  const { code, stderr, stdout } = await sophia(["up"]).ended;
  owner.close();
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(
    `Port ${environment["SOPHIA_PORT_BI"]} of Business Intelligence is taken by process ${process.pid}`,
  );
  expect(stderr).toContain("Nothing was started.");
  expect(stderr).toContain("SOPHIA_PORT_BI");
  expect(existsSync(join(dataDir, "audit"))).toBe(false);
});

const canary = "canary-9f31-0123456789abcdef0123456789abcdef";

test.for([
  {
    name: "several mistakes",
    more: { SOPHIA_PRT_AI: "1", SOPHIA_PORT_BI: "x", SOPHIA_TOKEN: "short", SOPHIA_LOG_LEVEL: "error" },
    says: ["SOPHIA_PORT_BI:", "did you mean SOPHIA_PORT_AI?", "SOPHIA_TOKEN:"],
  },
  { name: "a secret in the wrong place", more: { SOPHIA_PORT_AI: canary }, says: ["SOPHIA_PORT_AI:"] },
  {
    name: "a data directory below a file",
    more: { SOPHIA_DATA_DIR: join(import.meta.filename, "x") },
    says: ["SOPHIA_DATA_DIR"],
  },
])("wrong configuration ($name): one message, exit code 78, nothing started", async ({ more, says }) => {
  const { code, stdout, stderr } = await sophia(["up"], more).ended;
  expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
  for (const part of says) expect(stderr).toContain(part);
  expect(stderr).not.toContain(canary);
  expect(stderr).not.toContain("    at ");
});

test("an unknown server, option or command is explained with exit code 1", async () => {
  const unknown = await sophia(["up", "--only", "ai,sales"]).ended;
  expect(unknown).toMatchObject({ code: 1, stdout: "" });
  expect(unknown.stderr).toContain("There is no server called sales.");
  expect((await sophia(["stauts"]).ended).stderr).toContain("Did you mean status?");
  expect((await sophia(["status", "--nope"]).ended).code).toBe(1);
  expect(await sophia(["--help"]).ended).toMatchObject({ code: 0, stderr: "" });
});

test("fault 104: a server sees neither the approver's token nor what is not Sophia's, and its command line holds no secret", async () => {
  const server = await startInfra({
    SOPHIA_APPROVER_TOKEN: canary,
    AWS_SECRET_ACCESS_KEY: canary,
    NODE_OPTIONS: "--no-deprecation",
  });
  const names = readFileSync(`/proc/${server.pid}/environ`, "utf8")
    .split("\0")
    .map((entry) => entry.split("=")[0]);
  expect(names).not.toContain("SOPHIA_APPROVER_TOKEN");
  expect(names).not.toContain("AWS_SECRET_ACCESS_KEY");
  expect(names).not.toContain("NODE_OPTIONS");
  expect(readFileSync(`/proc/${server.pid}/environ`, "utf8")).not.toContain(canary);
  expect(readFileSync(`/proc/${server.pid}/cmdline`, "utf8")).not.toContain("sophia_");
  server.child.kill("SIGTERM");
  const { stdout, stderr } = await server.ended;
  expect(stdout + stderr).not.toContain(canary);
});

test("fault 1, 4, 5 and 12 with the real server: killed, frozen, orphaned; the audit says so", async () => {
  const server = await startInfra();
  const healthy = async (): Promise<boolean> => {
    const response = await fetch(new URL("/readyz", server.url), { signal: AbortSignal.timeout(500) }).catch(
      () => undefined,
    );
    return response?.ok === true;
  };
  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    const before = await findServerPid(server.url);
    process.kill(before, signal);
    await measureUntil(() => !isAlive(before), 4_000);
    await measureUntil(healthy, 10_000);
  }
  const ends = readAudit().filter(({ phase }) => phase === "end");
  expect(ends.map(({ caller, server: id }) => [caller, id])).toEqual([
    ["supervisor", "infra"],
    ["supervisor", "infra"],
  ]);
  expect(ends.map(({ outcome }) => String(outcome)).toSorted((one, other) => one.localeCompare(other))).toEqual([
    expect.stringMatching(/^gave no heartbeat for \d+ ms$/),
    "was ended by SIGKILL",
  ]);
  const last = await findServerPid(server.url);
  server.child.kill("SIGKILL");
  await measureUntil(() => !isAlive(last), 2_000);
});

test("fault 10: the only server is misconfigured after the start: `up` ends with 78 and says why", async () => {
  const server = await startInfra();
  writeFileSync(join(dataDir, "plan-key"), "damaged");
  process.kill(server.pid, "SIGKILL");
  const { code, stderr } = await server.ended;
  expect(code).toBe(78);
  expect(stderr).toContain("Infrastructure Copilot: misconfigured");
  expect(stderr).toContain("Nothing was left running.");
  expect(stderr).not.toContain("top-level await");
  expect(findLockHolder(dataDir, "infra")).toBeUndefined();
});

test("fault 10 and 11: the only server loses its port after the start: `up` ends with 1", async () => {
  const server = await startInfra();
  process.kill(server.pid, "SIGKILL");
  // The first restart is at once; the one after it leaves time to take the port.
  await measureUntil(async () => ![0, server.pid].includes(await findServerPid(server.url)), 10_000);
  process.kill(await findServerPid(server.url), "SIGKILL");
  const intruder = createServer();
  const listen = (): Promise<boolean> =>
    new Promise((resolve) => {
      intruder.once("error", () => resolve(false));
      intruder.listen(Number(new URL(server.url).port), "127.0.0.1", () => resolve(true));
    });
  await measureUntil(listen, 2_000);
  const { code, stderr } = await server.ended;
  intruder.close();
  expect(code).toBe(1);
  expect(stderr).toContain(`port taken (port ${new URL(server.url).port} is taken by process ${process.pid}`);
});

function readAudit(): Record<string, unknown>[] {
  const folder = join(dataDir, "audit");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".jsonl"))
    .flatMap((file) => readFileSync(join(folder, file), "utf8").trim().split("\n"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function findServerPid(url: string): Promise<number> {
  return (await findPortOwner("127.0.0.1", Number(new URL(url).port))).pid ?? 0;
}

test("a plan that is not there is explained", async () => {
  const missing = await sophia(["approve", "pl_none", "--token-file", "/nowhere"]).ended;
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain("There is no plan pl_none.");
});
