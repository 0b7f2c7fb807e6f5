/**
 * CPU per request of `tools/call` and `tools/list` over HTTP: ours (directly, and through the SDK), the official
 * `McpServer`, and a raw node:http echo, 30 tools each, interleaved in one run. The figure is the server process's own
 * user and system time, so that other load on the machine does not count.
 *
 * `pnpm bench mcp [--json] [--rounds N] [--requests N]`
 */
import { fork, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Pool } from "undici";
import { serverNodeFlags } from "../src/mcp/node-flags.ts";
import { toolNames } from "./mcp/tools.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "4000" },
    seed: { type: "string", default: "1" },
  },
});
const rounds = Number(values.rounds);
const requestsPerWindow = Number(values.requests);
const connections = 32;
const folder = mkdtempSync(join(tmpdir(), "sophia-bench-"));
// Also when a contender fails: nothing is left behind.
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const children: ChildProcess[] = [];

interface Contender {
  name: string;
  pid: number;
  pool: Pool;
  bearer: string | undefined;
  path: string;
}

const hasTaskset = spawnSync("taskset", ["-p", String(process.pid)]).status === 0;
if (hasTaskset) spawnSync("taskset", ["-cp", "1", String(process.pid)]);

/** Each server takes a free port and says which; ours keeps its audit in the folder it is given. */
async function start(name: string, file: string): Promise<Contender> {
  const child = fork(new URL(`./mcp/${file}`, import.meta.url), [mkdtempSync(join(folder, "data-"))], {
    // Each contender as it is run in production: ours with the flags our supervisor gives it.
    execArgv: file === "ours-server.ts" ? [...serverNodeFlags] : [],
  });
  children.push(child);
  const ready = await new Promise<{ port: number; bearer?: string }>((resolve, reject) => {
    child.once("message", (message) => resolve(message as { port: number; bearer?: string }));
    child.once("exit", (code) => reject(new Error(`${name} exited with ${code}`)));
  });
  const pid = child.pid ?? 0;
  if (hasTaskset) spawnSync("taskset", ["-acp", "0", String(pid)]);
  const pool = new Pool(`http://127.0.0.1:${ready.port}`, { connections });
  return { name, pid, bearer: ready.bearer, path: "/mcp", pool };
}

/** Time that all threads ran, in microseconds: by the scheduler's nanoseconds, else by 100 ticks a second. */
function cpuUs(pid: number): number {
  const folder = `/proc/${pid}/task`;
  if (existsSync(`${folder}/${pid}/schedstat`)) {
    const spent = readdirSync(folder).map((task) =>
      Number(readFileSync(`${folder}/${task}/schedstat`, "utf8").split(" ")[0]),
    );
    return spent.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1_000;
  }
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function rssMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

let nextId = 0;

function bodyOf(method: "tools/call" | "tools/list", throughSdk: boolean): { body: string; name: string } {
  const id = ++nextId;
  const name = toolNames[id % toolNames.length] ?? "";
  const clientInfo = { name: "bench", version: "1.0.0", ...(throughSdk ? { icons: [] } : {}) };
  const params = {
    ...(method === "tools/call" ? { name, arguments: { text: `hello ${id}`, repeat: 2 } } : {}),
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": clientInfo,
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  };
  return { name, body: JSON.stringify({ jsonrpc: "2.0", id, method, params }) };
}

/** One window of requests over 32 connections. `throughSdk` sends what our direct way leaves to the SDK. */
async function runWindow(
  contender: Contender,
  method: "tools/call" | "tools/list",
  throughSdk: boolean,
  count: number,
) {
  const before = cpuUs(contender.pid);
  let left = count;
  async function worker(): Promise<void> {
    while (left-- > 0) {
      const { body, name } = bodyOf(method, throughSdk);
      const response = await contender.pool.request({
        path: contender.path,
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          "mcp-protocol-version": "2026-07-28",
          "mcp-method": method,
          ...(method === "tools/call" ? { "mcp-name": name } : {}),
          ...(contender.bearer === undefined ? {} : { authorization: `Bearer ${contender.bearer}` }),
        },
        body,
      });
      const text = await response.body.text();
      if (response.statusCode !== 200 || !text.includes('"result"')) {
        throw new Error(`${contender.name} answered ${response.statusCode}: ${text.slice(0, 200)}`);
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, worker));
  return (cpuUs(contender.pid) - before) / count;
}

const raw = await start("raw node:http", "raw-server.ts");
const official = await start("official McpServer", "official-server.ts");
const ours = await start("Sophia", "ours-server.ts");

const rows = [
  { key: "raw", contender: raw, method: "tools/call", throughSdk: false },
  { key: "officialCall", contender: official, method: "tools/call", throughSdk: false },
  { key: "oursCallSdk", contender: ours, method: "tools/call", throughSdk: true },
  { key: "oursCall", contender: ours, method: "tools/call", throughSdk: false },
  { key: "officialList", contender: official, method: "tools/list", throughSdk: false },
  { key: "oursList", contender: ours, method: "tools/list", throughSdk: false },
] as const;
const samples = new Map<string, number[]>(rows.map((row) => [row.key, []]));
for (const row of rows) await runWindow(row.contender, row.method, row.throughSdk, Math.ceil(requestsPerWindow / 2));
for (let round = 0; round < rounds; round++) {
  for (const row of rows) {
    const count = row.method === "tools/list" ? Math.ceil(requestsPerWindow / 4) : requestsPerWindow;
    samples.get(row.key)?.push(await runWindow(row.contender, row.method, row.throughSdk, count));
  }
}
const rssMixedMb = rssMb(ours.pid);
// Memory on its own: a fresh server and 100,000 plain calls.
const fresh = await start("Sophia, memory", "ours-server.ts");
await runWindow(fresh, "tools/call", false, 100_000);
const rss = rssMb(fresh.pid);

function median(key: string): number {
  const sorted = [...(samples.get(key) ?? [])].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const cpu = Object.fromEntries(rows.map((row) => [row.key, Math.round(median(row.key))]));
const ratios = {
  callToOfficial: median("oursCall") / median("officialCall"),
  callToRaw: median("oursCall") / median("raw"),
  callThroughSdkToOfficial: median("oursCallSdk") / median("officialCall"),
  callThroughSdkToRaw: median("oursCallSdk") / median("raw"),
  listToOfficial: median("oursList") / median("officialList"),
};
if (values.json) {
  const rounded = Object.fromEntries(Object.entries(ratios).map(([key, value]) => [key, Number(value.toFixed(3))]));
  const settings = { rounds, requestsPerWindow, connections, tools: toolNames.length, pinned: hasTaskset };
  console.log(
    JSON.stringify({
      cpuUs: cpu,
      ratios: rounded,
      rssMb: Math.round(rss),
      rssMixedMb: Math.round(rssMixedMb),
      settings,
      seed: Number(values.seed),
    }),
  );
} else {
  console.log(`CPU µs per request, median of ${rounds} windows of ${requestsPerWindow} (${connections} connections)`);
  console.table(
    rows.map((row) => ({ server: row.contender.name, method: row.method, sdk: row.throughSdk, cpuUs: cpu[row.key] })),
  );
  console.table({
    "tools/call, ours ÷ official (goal ≤ 0.5)": ratios.callToOfficial.toFixed(2),
    "tools/call, ours ÷ raw (goal ≤ 4)": ratios.callToRaw.toFixed(2),
    "tools/call through the SDK, ours ÷ official (goal ≤ 0.75)": ratios.callThroughSdkToOfficial.toFixed(2),
    "tools/call through the SDK, ours ÷ raw (goal ≤ 7)": ratios.callThroughSdkToRaw.toFixed(2),
    "tools/list, ours ÷ official (goal ≤ 0.2)": ratios.listToOfficial.toFixed(2),
    "RSS of a fresh server of ours after 100,000 calls, MB (goal ≤ 200)": rss.toFixed(0),
    "RSS of ours after this run (calls through the SDK included), MB": rssMixedMb.toFixed(0),
  });
}
process.exit(0);
