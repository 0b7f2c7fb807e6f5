import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const bootstrap = fileURLToPath(new URL("./bootstrap.mjs", import.meta.url));
let root = "";

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "sophia-bootstrap-")));
  write("package.json", JSON.stringify({ packageManager: "pnpm@12.21.0" }));
  write("pnpm-lock.yaml", "one");
  write("servers/ai/package.json", "{}");
  copyFileSync(bootstrap, join(root, "packages", "cli", "bootstrap.mjs"));
  write("packages/cli/src/main.ts", program);
  write("packages/cli/src/check/check.ts", program);
  // Stands in for npx: notes how it was called and brings the Node of the real package.
  write(
    "bin/npx",
    `#!/bin/sh\necho "$@" >> ${root}/calls\n[ -f ${root}/offline ] && exit 1\nsleep 0.3\n` +
      `mkdir -p ${root}/node_modules/node/bin && ln -sf ${process.execPath} ${root}/node_modules/node/bin/node\n`,
  );
  execFileSync("chmod", ["+x", join(root, "bin", "npx")]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const program = `
const wait: number = Number(process.env.WAIT_MS ?? 0);
process.on("SIGTERM", () => process.exit(42));
process.on("disconnect", () => process.exit(1));
console.log(JSON.stringify({ argv: process.argv.slice(2), version: process.version, pid: process.pid, script: process.argv[1] }));
setTimeout(() => process.exit(Number(process.env.EXIT ?? 0)), wait);
`;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  mkdirSync(join(root, "packages", "cli", "src", "check"), { recursive: true });
  writeFileSync(join(root, path), text);
}

function start(node: string, args: string[], environment: Record<string, string> = {}) {
  const child = spawn(node, [join(root, "packages", "cli", "bootstrap.mjs"), ...args], {
    env: { ...environment, PATH: [join(root, "bin"), "/usr/bin", "/bin"].join(delimiter), TMPDIR: root },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, stdout, stderr })),
  );
  return { child, ended, output: () => stdout };
}

function calls(): string[] {
  const file = join(root, "calls");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

/** This Node, and the machine's own where that is older: then the command must still run on Node 24. */
function nodes(): string[] {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const own = [...path, "/usr/bin", "/usr/local/bin"]
    .map((folder) => join(folder, "node"))
    .find((file) => existsSync(file));
  if (own === undefined) return [process.execPath];
  const version = execFileSync(own, ["-p", "process.versions.node"], { encoding: "utf8" });
  return Number.parseInt(version, 10) < 24 && Number.parseInt(version, 10) >= 20
    ? [process.execPath, own]
    : [process.execPath];
}

describe.each(nodes())("bootstrap on %s", (node) => {
  test("installs for production once, then starts without it", async () => {
    const first = await start(node, ["up", "--only", "ai"]).ended;
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ argv: ["up", "--only", "ai"], version: process.version });
    const second = await start(node, ["status", "--json"], { EXIT: "3" }).ended;
    expect(second.code).toBe(3);
    expect(second.stderr).toBe("");
    expect(calls()).toEqual([
      "--yes pnpm@12.21.0 install --frozen-lockfile --config.confirm-modules-purge=false --config.node-version=24.0.0 --prod",
    ]);
  });

  test("a full install for the tests serves start as well, not the other way round", async () => {
    await start(node, ["up"]).ended;
    const checked = await start(node, ["test", "packages/core"]).ended;
    expect(JSON.parse(checked.stdout)).toMatchObject({ argv: ["packages/core"] });
    expect(JSON.parse(checked.stdout).script).toMatch(/check\.ts$/);
    await start(node, ["up"]).ended;
    expect(calls().map((line) => line.endsWith("--prod"))).toEqual([true, false]);
  });

  test.for(['{"included": {"devDependencies": true}}', "included:\n  devDependencies: true\n"])(
    "the tools of somebody who works on the clone are not taken away: %j",
    async (state) => {
      write("node_modules/.modules.yaml", state);
      await start(node, ["up"]).ended;
      expect(calls().map((line) => line.endsWith("--prod"))).toEqual([false]);
    },
  );

  test("a changed lockfile or manifest installs again", async () => {
    await start(node, ["up"]).ended;
    write("pnpm-lock.yaml", "two");
    await start(node, ["up"]).ended;
    write("servers/ai/package.json", '{"dependencies":{}}');
    await start(node, ["up"]).ended;
    expect(calls()).toHaveLength(3);
  });

  test("two first starts at once install once", async () => {
    const both = await Promise.all([start(node, ["up"]).ended, start(node, ["up"]).ended]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(calls()).toHaveLength(1);
  });

  test("a failed install says what to do, and nothing is run", async () => {
    write("offline", "");
    const { code, stdout, stderr } = await start(node, ["up"]).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Check the network, then run the command again.");
    rmSync(join(root, "offline"));
    expect((await start(node, ["up"]).ended).code).toBe(0);
  });

  test("a signal reaches the command, and its exit code comes back", async () => {
    const run = start(node, ["up"], { WAIT_MS: "20000" });
    await expect.poll(run.output, { timeout: 10_000 }).toContain("pid");
    run.child.kill("SIGTERM");
    expect((await run.ended).code).toBe(42);
  });

  test("the command ends when the bootstrap is killed", async () => {
    const run = start(node, ["up"], { WAIT_MS: "20000" });
    await expect.poll(run.output, { timeout: 10_000 }).toContain("pid");
    run.child.kill("SIGKILL");
    // `close` waits for the command as well: it holds the same stdout.
    await run.ended;
  });

  test("a signal that ends npm and its shell, and nobody else, stops the command as well", async () => {
    const file = join(root, "stopped");
    write(
      "packages/cli/src/main.ts",
      program.replace("process.exit(42)", `process.getBuiltinModule("fs").writeFileSync("${file}", "")`),
    );
    // What npm runs: a shell that stays the parent. A signal to npm is passed on to it alone.
    const script = `"${node}" "${join(root, "packages", "cli", "bootstrap.mjs")}" up; exit $?`;
    const path = [join(root, "bin"), "/usr/bin", "/bin"].join(delimiter);
    const environment = { PATH: path, TMPDIR: root, WAIT_MS: "3000", npm_lifecycle_event: "start" };
    const shell = spawn("/bin/sh", ["-c", script], { env: environment });
    let stdout = "";
    shell.stdout.on("data", (chunk) => (stdout += String(chunk)));
    const closed = once(shell, "close");
    await expect.poll(() => stdout, { timeout: 10_000 }).toContain("pid");
    shell.kill("SIGTERM");
    await expect.poll(() => existsSync(file), { timeout: 2_500 }).toBe(true);
    await closed;
  });
});
