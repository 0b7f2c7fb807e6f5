import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findLockHolder } from "@sophia/core/store/data-lock";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { environmentFor, freePorts, scriptOf } from "./end-to-end/start-servers.ts";
import { startSophia } from "./supervisor/testing/run-sophia.ts";

vi.setConfig({ testTimeout: 60_000 });

let folder = "";
let dataDir = "";
let environment: Record<string, string> = {};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sophia-wrong-"));
  dataDir = join(folder, "data");
  mkdirSync(dataDir);
  environment = { ...environmentFor(dataDir, "127.0.0.1:1", await freePorts(5)), HOME: folder };
});
/** All of them end by themselves; one that does not must not outlive its test. */
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

function sophia(command: string, more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const run = startSophia([command], { ...environment, ...more });
  children.push(run.child);
  return run.ended;
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** One server by itself, as a container or another supervisor would start it. */
function startBi(more: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn(process.execPath, [scriptOf("bi")], {
    env: { ...environment, ...more },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const ended = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (ended.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (ended.stderr += String(chunk)));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...ended })));
}

const starts: Record<string, (more: Readonly<Record<string, string>>) => Promise<Ended>> = {
  "sophia up": (more) => sophia("up", more),
  "sophia plans": (more) => sophia("plans", more),
  "one server": startBi,
};

const wrong = [
  { name: "a file", make: (path: string) => writeFileSync(path, ""), says: "there is a file where a folder belongs" },
  {
    name: "a folder with a folder for a store",
    make: (path: string) => mkdirSync(join(path, "sophia.db"), { recursive: true }),
    says: "sophia.db cannot be",
  },
  {
    name: "a folder with a damaged store",
    make(path: string) {
      mkdirSync(path);
      writeFileSync(join(path, "sophia.db"), "this is not a database ".repeat(1_000));
    },
    says: "is damaged",
  },
  {
    name: "a folder with an empty plan-key",
    make(path: string) {
      mkdirSync(path);
      writeFileSync(join(path, "plan-key"), "");
    },
    says: "plan-key is empty or cut off",
  },
];

for (const [command, start] of Object.entries(starts)) {
  test.for(wrong)(`fault 47: ${command} on $name: one message, exit code 78, nothing left`, async ({ make, says }) => {
    const path = join(folder, "wrong");
    make(path);
    const { code, stdout, stderr } = await start({ SOPHIA_DATA_DIR: path });
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toContain(path);
    expect(stderr).toContain(says);
    expect(stderr).not.toContain("    at ");
    expect(stderr).not.toContain("starting");
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(2);
    expect(findLockHolder(path, "bi")).toBeUndefined();
  });

  // Node's own recursive mkdir never returns there.
  test.runIf(existsSync("/proc/self"))(`fault 47: ${command} below /proc ends at once`, async () => {
    const { code, stderr } = await start({ SOPHIA_DATA_DIR: "/proc/sophia/data" });
    expect(code).toBe(78);
    expect(stderr).toContain("/proc/sophia/data cannot be used: no folder can be made there.");
  });
}

test.for(["audit", "logs"])("fault 47: a file %s is found before any server is started", async (name) => {
  writeFileSync(join(dataDir, name), "");
  const { code, stderr } = await sophia("up");
  expect(code).toBe(78);
  expect(stderr).toContain(`${join(dataDir, name)} cannot be used`);
  expect(readdirSync(dataDir)).toEqual([name]);
});

test.for(["sophia up", "one server"])("a damaged signing key stops %s, named", async (command) => {
  mkdirSync(join(dataDir, "audit"));
  writeFileSync(join(dataDir, "audit", "signing-key.pem"), "-----BEGIN PRIVATE KEY-----\nnot any more\n");
  const ended = await starts[command]?.({});
  expect(ended?.code).toBe(78);
  expect(ended?.stderr).toContain(`${join(dataDir, "audit", "signing-key.pem")} holds no private key.`);
  expect(ended?.stderr).not.toMatch(/    at |starting/);
});

test("status and doctor name a data directory that cannot be used", async () => {
  writeFileSync(join(dataDir, "audit"), "");
  expect((await sophia("doctor")).stdout).toContain(`${join(dataDir, "audit")} cannot be used: there is a file`);
  const path = join(folder, "file");
  writeFileSync(path, "");
  for (const command of ["status", "doctor"]) {
    const { code, stdout, stderr } = await sophia(command, { SOPHIA_DATA_DIR: path });
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain(`${path} cannot be used: there is a file where a folder belongs.`);
  }
});

test("fault 11: one server whose port is taken names the owner and leaves nothing", async () => {
  const owner = createServer();
  const port = Number(environment["SOPHIA_PORT_BI"]);
  await new Promise<void>((resolve) => owner.listen(port, "127.0.0.1", resolve));
  const { code, stderr } = await startBi({});
  owner.close();
  expect(code).toBe(1);
  expect(stderr).toContain(`Port ${port} is taken by process ${process.pid}`);
  expect(readdirSync(dataDir)).toEqual([]);
});

test("an address this machine does not have is said once, not for each port", async () => {
  for (const start of [starts["sophia up"], starts["one server"]]) {
    // TEST-NET-1 of RFC 5737.
    const ended = await start?.({ SOPHIA_HOST: "192.0.2.1" });
    expect(ended?.code).toBe(78);
    expect(ended?.stderr.match(/no address 192\.0\.2\.1/g)).toHaveLength(1);
    expect(ended?.stderr).not.toContain("taken");
  }
});
