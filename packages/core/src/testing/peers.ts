import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { isSqliteBusy } from "../store/store-errors.ts";
import { diskFolder } from "./disk-folder.ts";
import { type BinarySource, findAccount, findBinary, reportMissing } from "./find-binary.ts";

const run = promisify(execFile);
const startTimeoutMs = 60_000;
const stopTimeoutMs = 5_000;
const longestLog = 20_000_000;
const engineSocket = "/var/run/docker.sock";
/** What an Engine writes in a run, 2.7 GB at most, beside everything else that may be in memory then. */
const imagesBytes = 10 * 1024 ** 3;
const running = new Set<ChildProcess>();
const programs = {
  postgres: {
    names: ["postgres"],
    folders: ["/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin"],
    debianPackage: "postgresql",
  },
  redis: { names: ["redis-server"], folders: [], debianPackage: "redis-server" },
  docker: { names: ["dockerd"], folders: ["/usr/sbin"], debianPackage: "docker.io" },
  chromium: {
    names: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    folders: [],
    debianPackage: "chromium",
  },
} satisfies Record<string, BinarySource>;
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Installs what the tests will ask for and this machine can have, ahead of them. Whoever misses it then says so. */
export async function installPeers(): Promise<void> {
  const { docker, ...others } = programs;
  for (const source of Object.values(others)) await findBinary(source);
  if (mayRunContainers() && !(await answersPing(engineSocket))) await findBinary(docker);
}

/** A private server for one test file, gone after `stop`. */
export interface Peer {
  url: string;
  port: number;
  /** The server and its children, for tests that stop or kill them. */
  pids(): number[];
  /** What it has logged so far; the oldest goes first when that is very much. */
  log(): string;
  stop(): Promise<void>;
}

/** A private PostgreSQL, trust authentication, superuser `postgres`. `undefined` where it cannot be had (said aloud). */
export async function startPostgres(options: { settings?: Record<string, string> } = {}): Promise<Peer | undefined> {
  const postgres = await findBinary(programs.postgres);
  if (postgres === undefined) return reportMissing("PostgreSQL", "no postgres program, and it could not be installed");
  const folder = mkdtempSync(join(tmpdir(), "sophia-postgres-"));
  // PostgreSQL refuses to run as root.
  const account = process.getuid?.() === 0 ? findAccount(["postgres", "nobody"]) : undefined;
  if (account) chownSync(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const setUp = ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"];
  await run(join(dirname(postgres), "initdb"), setUp, { ...account, cwd: folder, timeout: startTimeoutMs });
  const settings = { fsync: "off", shared_buffers: "32MB", max_connections: "50", ...options.settings };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return await startOnFreePort(
    (port) => ({
      command: postgres,
      // Statement and connection cuts must come from the test, never from a shared socket folder.
      arguments: ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, ...flags],
      ready: "database system is ready to accept connections",
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      ...account,
    }),
    folder,
    "SIGINT",
  );
}

/** A private Redis without persistence. `undefined` where it cannot be had (said aloud). */
export async function startRedis(options: { arguments?: readonly string[] } = {}): Promise<Peer | undefined> {
  const redis = await findBinary(programs.redis);
  if (redis === undefined) return reportMissing("Redis", "no redis-server program, and it could not be installed");
  const folder = mkdtempSync(join(tmpdir(), "sophia-redis-"));
  const fixed = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  return await startOnFreePort(
    (port) => ({
      command: redis,
      arguments: ["--port", String(port), ...fixed, ...(options.arguments ?? [])],
      ready: "Ready to accept connections",
      url: `redis://127.0.0.1:${port}`,
    }),
    folder,
    "SIGTERM",
  );
}

/**
 * A Docker Engine: the machine's own, else a private one started for the tests. `undefined` where none can be had. Only
 * one that `publishes` ports touches iptables: each Engine that does begins by removing the rules of the others.
 */
export async function findDocker(
  options: { publishes?: boolean } = {},
): Promise<{ socketPath: string; stop(): Promise<void> } | undefined> {
  const named = process.env["DOCKER_HOST"]?.startsWith("unix://") ? process.env["DOCKER_HOST"].slice(7) : undefined;
  for (const socketPath of [named, engineSocket]) {
    if (socketPath !== undefined && (await answersPing(socketPath))) return { socketPath, stop: async () => {} };
  }
  if (process.getuid?.() !== 0) return reportMissing("Docker", "no Engine answers, and only root can start one");
  const dockerd = await findBinary(programs.docker);
  if (dockerd === undefined) return reportMissing("Docker", "no dockerd program, and it could not be installed");
  const folder = mkdtempSync(join(process.availableMemory() > imagesBytes ? tmpdir() : diskFolder, "sophia-docker-"));
  const socketPath = join(folder, "docker.sock");
  const places = ["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")];
  const network = options.publishes === true ? [] : ["--iptables=false"];
  const files = ["--pidfile", join(folder, "pid"), "--host", `unix://${socketPath}`, ...network];
  try {
    const engine = { command: dockerd, arguments: [...places, ...files], ready: "API listen on", url: socketPath };
    const peer = await oneAtATime("dockerd", () => startPeer(engine, 0, folder, "SIGTERM"));
    return { socketPath, stop: () => peer.stop() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it could not be started";
    if (mayRunContainers()) return reportMissing("Docker", reason);
    // A container without privileges has dockerd but may not run it: that machine cannot have an Engine.
    process.stderr.write(`*** Docker tests are SKIPPED: ${reason} ***\n`);
    return undefined;
  }
}

/** Linux lets a process make networks and mounts: CAP_NET_ADMIN and CAP_SYS_ADMIN. */
function mayRunContainers(): boolean {
  if (process.platform !== "linux") return false;
  const mask = /^CapEff:\s+([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0";
  const capabilities = BigInt(`0x${mask}`);
  return [12n, 21n].every((bit) => ((capabilities >> bit) & 1n) === 1n);
}

/** Over all processes: Engines that set up their networks at the same moment fail on each other's iptables rules. */
async function oneAtATime<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const lock = new DatabaseSync(join(diskFolder, `sophia-${name}-${process.getuid?.() ?? 0}.db`), { timeout: 0 });
  const until = performance.now() + startTimeoutMs;
  try {
    while (!tryLock(lock)) {
      if (performance.now() > until) throw new Error(`another ${name} took more than ${startTimeoutMs} ms to start`);
      await delay(200);
    }
    return await work();
  } finally {
    lock.close();
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (isSqliteBusy(error)) return false;
    throw error;
  }
}

/** Path of a Chromium or Chrome program. `undefined` where none can be had (said aloud). */
export async function findChromium(): Promise<string | undefined> {
  const path = await findBinary(programs.chromium);
  return path ?? reportMissing("Chromium", "no such program, and it could not be installed");
}

interface PeerCommand {
  command: string;
  arguments: readonly string[];
  /** Text of the log line that says it accepts connections. */
  ready: string;
  url: string;
  uid?: number;
  gid?: number;
}

/** Another process may take the free port between look-up and bind, so a failed start is repeated on another one. */
export async function startOnFreePort(
  describe: (port: number) => PeerCommand,
  folder: string,
  stopSignal: NodeJS.Signals,
): Promise<Peer> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort();
    try {
      return await startPeer(describe(port), port, folder, stopSignal);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function startPeer(peer: PeerCommand, port: number, folder: string, stopSignal: NodeJS.Signals): Promise<Peer> {
  const account = peer.uid === undefined || peer.gid === undefined ? {} : { uid: peer.uid, gid: peer.gid };
  const child = spawn(peer.command, peer.arguments, { ...account, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let log = "";
  const keep = (chunk: Buffer): void => void (log = (log + chunk.toString("utf8")).slice(-longestLog));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await waitForLine(child, peer);
  return {
    url: peer.url,
    port,
    log: () => log,
    pids: () => (child.pid === undefined ? [] : [child.pid, ...childrenOf(child.pid)]),
    async stop() {
      const pids = child.pid === undefined ? [] : [child.pid, ...childrenOf(child.pid)];
      // A stopped process (SIGSTOP in a fault test) handles no signal until it continues.
      for (const pid of pids) signalIfThere(pid, "SIGCONT");
      child.kill(stopSignal);
      const timer = setTimeout(() => pids.forEach((pid) => signalIfThere(pid, "SIGKILL")), stopTimeoutMs);
      await gone;
      clearTimeout(timer);
      running.delete(child);
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function waitForLine(child: ChildProcess, { ready, command }: PeerCommand): Promise<void> {
  let log = "";
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => fail(`not ready within ${startTimeoutMs} ms`), startTimeoutMs);
    function fail(reason: string): void {
      clearTimeout(timer);
      running.delete(child);
      child.kill("SIGKILL");
      reject(new Error(`${command} ${reason}. Last log lines:\n${log.slice(-2_000)}`));
    }
    function read(chunk: Buffer): void {
      log = (log + chunk.toString("utf8")).slice(-10_000);
      if (!log.includes(ready)) return;
      clearTimeout(timer);
      resolve();
    }
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => fail(`could not be started (${error.message})`));
    child.once("exit", (code, signal) => fail(`ended with ${code ?? signal} before it was ready`));
  });
}

function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone, which is what the caller wants.
  }
}

/** A port of this machine's loopback that nobody listens on at the moment. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("The system gave no port.");
  return address.port;
}

async function answersPing(socketPath: string): Promise<boolean> {
  if (!existsSync(socketPath)) return false;
  return await new Promise<boolean>((resolve) => {
    const ping = request({ socketPath, path: "/_ping", timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once("timeout", () => ping.destroy());
    ping.once("error", () => resolve(false));
    ping.once("close", () => resolve(false));
    ping.end();
  });
}
