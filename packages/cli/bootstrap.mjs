// Runs on Node 20, before anything is installed: plain JavaScript, no dependency.
// Brings node_modules in line with the lockfile, then runs the command on Node 24.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, openSync, closeSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { writeFileSync, writeSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const modules = join(root, "node_modules");
const stampFile = join(modules, ".sophia-install.json");
const lockFile = join(tmpdir(), `sophia-install-${createHash("sha256").update(root).digest("hex").slice(0, 16)}.lock`);
const lockWaitMs = 10 * 60_000;
const oldestNode = 24;
const parentPid = process.ppid;

/** Stops with one message that names the cause and the fix. */
function stop(message, code = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

/** Changes whenever another install could give another node_modules. */
function currentStamp() {
  const hash = createHash("sha256");
  const workspaces = ["packages", "servers"].flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder))
          .sort()
          .map((name) => join(folder, name, "package.json"))
      : [],
  );
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...workspaces]) {
    if (existsSync(join(root, file))) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  }
  return `${hash.digest("hex")} ${process.platform} ${process.arch}`;
}

/** A full install satisfies every command, one for production only those that are not about development. */
function isInstalled(stamp, full) {
  try {
    const installed = JSON.parse(readFileSync(stampFile, "utf8"));
    return installed.stamp === stamp && (installed.full || !full) && findNode() !== undefined;
  } catch {
    return false;
  }
}

/**
 * This Node when it is new enough, else the one that the root package `node` brought. That one is a dependency and
 * not a devDependency: an install with --prod leaves those out, and `npm start` would have nothing to run on.
 */
function findNode() {
  if (Number(process.versions.node.split(".")[0]) >= oldestNode) return process.execPath;
  const own = join(modules, "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  return existsSync(own) ? realpathSync(own) : undefined;
}

/** Two first starts at once would write the same files: the second waits for the first. */
async function withLock(work) {
  const deadline = Date.now() + lockWaitMs;
  for (let told = false; ; told = true) {
    try {
      const file = openSync(lockFile, "wx");
      writeSync(file, String(process.pid));
      closeSync(file);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!isHolderAlive()) rmSync(lockFile, { force: true });
    else if (Date.now() > deadline) stop(`Another install is still running. If it is not, delete ${lockFile}.`);
    else if (!told) process.stderr.write("Another install is running, waiting for it ...\n");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const release = () => rmSync(lockFile, { force: true });
  process.once("exit", release);
  work();
  process.removeListener("exit", release);
  release();
}

function isHolderAlive() {
  try {
    const pid = Number(readFileSync(lockFile, "utf8"));
    if (!(pid > 0)) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Somebody works on this clone: an install for production would take the tools away that they use. */
function hasDevelopment() {
  try {
    return /"?devDependencies"?: true/.test(readFileSync(join(modules, ".modules.yaml"), "utf8"));
  } catch {
    return false;
  }
}

function install(stamp, full) {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  process.stderr.write(`Installing what is missing (${packageManager}) ...\n`);
  // Packages are judged by the Node that will run them, not by the one that installs them.
  const node = `--config.node-version=${oldestNode}.0.0`;
  const flags = [
    "install",
    "--frozen-lockfile",
    "--config.confirm-modules-purge=false",
    node,
    ...(full ? [] : ["--prod"]),
  ];
  const windows = process.platform === "win32";
  const result = spawnSync(windows ? "npx.cmd" : "npx", ["--yes", packageManager, ...flags], {
    cwd: root,
    // stdout belongs to the command: `--json` must stay parsable.
    stdio: ["ignore", 2, 2],
    shell: windows,
  });
  if (result.error?.code === "ENOENT") stop("npx was not found. It comes with npm: install Node 20 or newer with npm.");
  if (result.signal) process.exit(128 + (constants.signals[result.signal] ?? 0));
  if (result.status !== 0) {
    stop("Packages could not be installed (the lines above say why). Check the network, then run the command again.");
  }
  if (findNode() === undefined) {
    stop(
      `Node ${oldestNode} did not arrive with the packages. Install Node ${oldestNode} or newer, or delete node_modules and run again.`,
    );
  }
  mkdirSync(modules, { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ stamp, full }));
}

/** Runs to the end as if it were this process: same streams, its exit code, every signal passed on. */
function run(node, script, scriptArguments) {
  const environment = { NODE_COMPILE_CACHE: join(modules, ".cache", "node-compile"), ...process.env };
  const path = [dirname(node), join(modules, ".bin"), process.env.PATH ?? ""].join(delimiter);
  // The IPC channel tells the command when this process dies, so that nothing is left behind.
  const child = spawn(node, ["--disable-sigusr1", script, ...scriptArguments], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...environment, PATH: path },
  });
  let signalled = false;
  const passOn = (signal) => {
    signalled = true;
    child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => passOn(signal));
  // A second signal would cut the calls in progress off.
  whenNpmIsGone(() => signalled || passOn("SIGTERM"));
  child.once("error", (error) =>
    stop(`${node} could not be started (${error.code}). Delete node_modules and run again.`),
  );
  child.once("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

/** A signal sent to npm ends npm and its shell, and reaches nobody here: the servers would run on without an owner. */
function whenNpmIsGone(act) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === parentPid) return;
    clearInterval(timer);
    act();
  }, 500);
}

const [command, ...rest] = process.argv.slice(2);
const full = command === "test";
const stamp = currentStamp();
if (!isInstalled(stamp, full)) {
  await withLock(() => {
    if (!isInstalled(stamp, full)) install(stamp, full || hasDevelopment());
  });
}
const source = join(root, "packages", "cli", "src");
const script = full ? join(source, "check", "check.ts") : join(source, "main.ts");
run(findNode(), script, full ? rest : process.argv.slice(2));
