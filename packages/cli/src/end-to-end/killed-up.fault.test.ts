import { type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { verifyAudit } from "@sophia/core/observe/audit";
import { expect, test } from "vitest";
import { type AnyClient, connectLegacy } from "./clients.ts";
import { bearer, environmentFor, freePorts, ready, startSite, startUp } from "./start-servers.ts";

const rounds = 20;
const sites = 6;

/** What the servers said is done. */
interface Acknowledged {
  documents: Map<string, string>;
  imports: Set<string>;
  calls: number;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

function pageOf(path: string): string {
  const text = `<p>Report ${path} tells how the mill at ${path} was rebuilt, stone by stone, by those who lived there.</p>`;
  return `<!doctype html><html><head><title>Report ${path}</title></head><body><article>${text.repeat(6)}</article></body></html>`;
}

/** Fetches, imports and asks at the same time until the servers die. */
async function work(
  calls: Calls,
  done: Acknowledged,
  names: { round: number; hosts: readonly string[]; folder: string },
) {
  await Promise.allSettled([fetchPages(calls, done, names), importFiles(calls, done, names), askQueries(calls)]);
}

async function fetchPages(
  calls: Calls,
  done: Acknowledged,
  { round, hosts }: { round: number; hosts: readonly string[] },
) {
  for (let step = 0; ; step++) {
    const name = `r${round}s${step}`;
    const fetched = await calls.data("fetch_page", { url: `http://${hosts[step % sites]}/${name}` });
    done.documents.set(String(fetched["documentId"]), name);
  }
}

async function importFiles(calls: Calls, done: Acknowledged, { round, folder }: { round: number; folder: string }) {
  for (let step = 0; ; step++) {
    const name = `r${round}s${step}`;
    writeFileSync(join(folder, `${name}.csv`), `id,word\n1,${name}\n2,other\n`);
    const planned = await calls.bi("run_tool", { tool: "import_dataset", arguments: { path: `${name}.csv` } });
    const { planId } = planned["result"] as { planId: string };
    const applied = await calls.bi("run_tool", { tool: "apply_change", arguments: { planId } });
    if (JSON.stringify(applied).includes('"imported"')) done.imports.add(name);
  }
}

async function askQueries(calls: Calls): Promise<never> {
  for (;;) await calls.bi("query_data", { sql: "SELECT 1 AS one" });
}

type Call = (name: string, values: Record<string, unknown>) => Promise<Record<string, unknown>>;
interface Calls {
  data: Call;
  bi: Call;
}

/** A machine fast enough to meet the limit of calls waits as it is told to, as any client does. */
function counted(client: AnyClient, done: Acknowledged): Call {
  return async (name, values) => {
    for (;;) {
      const result = await client.callTool({ name, arguments: values });
      done.calls++;
      if (!result.isError) return result.structuredContent as Record<string, unknown>;
      const said = JSON.stringify(result.content);
      const waitMs = /retryAfterMs\\":(\d+)/.exec(said)?.[1];
      if (waitMs === undefined) throw new Error(said);
      await delay(Number(waitMs));
    }
  };
}

async function connect(urls: { data: string; bi: string }, done: Acknowledged): Promise<Calls> {
  const [data, bi] = await Promise.all([
    connectLegacy({ kind: "http", url: urls.data, bearer }),
    connectLegacy({ kind: "http", url: urls.bi, bearer }),
  ]);
  return { data: counted(data, done), bi: counted(bi, done) };
}

function killAll(up: ChildProcess, wholeGroup: boolean): void {
  // The supervisor alone (its children must notice), or everything at the same instant.
  if (wholeGroup && up.pid !== undefined) process.kill(-up.pid, "SIGKILL");
  else up.kill("SIGKILL");
}

async function portsFree(urls: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const answers = await Promise.all(urls.map((url) => fetch(`${url}/livez`).catch(() => undefined)));
    if (answers.every((answer) => answer === undefined)) return;
    await delay(100);
  }
  throw new Error("A server outlived its supervisor by 10 s.");
}

test(
  `sophia up, killed ${rounds} times at random, loses nothing it acknowledged`,
  { timeout: 15 * 60_000 },
  async () => {
    const random = seeded(20_261_122);
    const dataDir = mkdtempSync(join(tmpdir(), "sophia-killed-"));
    const folder = join(dataDir, "files");
    mkdirSync(folder);
    const own = await Promise.all(Array.from({ length: sites }, () => startSite(pageOf)));
    const ports = await freePorts(5);
    const environment = {
      ...environmentFor(dataDir, own.map((site) => site.host).join(","), ports),
      SOPHIA_BI_IMPORT_ROOTS: folder,
      SOPHIA_BI_SAMPLE: "0",
    };
    const urls = { data: `http://127.0.0.1:${ports[1]}`, bi: `http://127.0.0.1:${ports[3]}` };
    const done: Acknowledged = { documents: new Map(), imports: new Set(), calls: 0 };
    let up: ChildProcess | undefined;
    try {
      for (let round = 0; round < rounds; round++) {
        up = startUp(environment, ["--only", "data,bi"]);
        const exited = new Promise((resolve) => up?.once("exit", resolve));
        await Promise.all([ready(urls.data), ready(urls.bi)]);
        const calls = await connect(urls, done);
        const working = work(calls, done, { round, hosts: own.map((site) => site.host), folder });
        await delay(300 + random() * 5_000);
        killAll(up, random() < 0.5);
        await Promise.all([exited, working]);
        await portsFree([urls.data, urls.bi]);
      }
      up = startUp(environment, ["--only", "data,bi"]);
      await Promise.all([ready(urls.data), ready(urls.bi)]);
      await expectNothingLost(await connect(urls, { ...done }), done, dataDir);
    } finally {
      if (up) killAll(up, true);
      for (const site of own) site.close();
      await delay(300);
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
);

async function expectNothingLost(call: Calls, done: Acknowledged, dataDir: string): Promise<void> {
  expect(done.documents.size).toBeGreaterThan(rounds / 4);
  expect(done.imports.size).toBeGreaterThan(rounds / 4);
  for (const [documentId, name] of done.documents) {
    const kept = await call.data("run_tool", { tool: "get_document", arguments: { documentId } });
    expect(JSON.stringify(kept)).toContain(name);
  }
  const names = [...done.imports];
  for (const name of names) {
    const rows = await call.bi("query_data", { sql: `SELECT word FROM ${name} WHERE id = 1` });
    expect(JSON.stringify(rows["rows"])).toContain(name);
  }
  const folder = join(dataDir, "audit");
  const lines = readdirSync(folder)
    .filter((file) => file.endsWith(".jsonl"))
    .flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"))
    .filter((line) => line.includes('"call"'));
  expect(lines.length).toBeGreaterThanOrEqual(done.calls);
  const report = await verifyAudit(folder);
  expect(report.ok, JSON.stringify(report).slice(0, 2_000)).toBe(true);
}
