import { type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { verifyAudit } from "@sophia/core/observe/audit";
import { expect, test } from "vitest";
import { type AnyClient, connectLegacy } from "./clients.ts";
import {
  bearer,
  environmentFor,
  freePorts,
  ready,
  type ServerId,
  serverIds,
  startSite,
  startUp,
} from "./start-servers.ts";

const rounds = 20;
const sites = 6;
/**
 * Each start dies at a random moment after the next two acknowledgements of this kind: it is what was just said to be
 * done that a kill may lose. `nothing` dies while the servers wake up.
 */
const moments = ["nothing", "imports", "completions", "documents"] as const;
const longestWaitMs = 15_000;

/** What the servers said is done. */
interface Acknowledged {
  documents: Map<string, string>;
  imports: Set<string>;
  /** Every answered call, as {@link callKey}. */
  calls: string[];
  /** Of these, the completions that were written. */
  completions: string[];
}

/** How the audit names a call. Arguments are unlike any other call's, but for `get_status`. */
function callKey(server: string, tool: string, argumentsHash: string): string {
  return `${server} ${tool} ${argumentsHash}`;
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

/** Fetches, imports, asks, completes and looks at the same time until the servers die. */
async function work(
  calls: Calls,
  done: Acknowledged,
  names: { round: number; hosts: readonly string[]; folder: string },
) {
  await Promise.allSettled([
    fetchPages(calls, done, names),
    importFiles(calls, done, names),
    askQueries(calls, names),
    complete(calls, names),
    lookAround(calls, names),
  ]);
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

async function askQueries(calls: Calls, { round }: { round: number }): Promise<never> {
  for (let step = 0; ; step++) await calls.bi("query_data", { sql: `SELECT 'r${round}s${step}' AS one` });
}

async function complete(calls: Calls, { round }: { round: number }): Promise<never> {
  for (let step = 0; ; step++) await calls.ai("complete", { prompt: `Say r${round}s${step}.` });
}

async function lookAround(calls: Calls, { round }: { round: number }): Promise<never> {
  for (let step = 0; ; step++) {
    await calls.infra("get_status", {});
    await calls.infra("list_resources", { kind: "servers", filter: `r${round}s${step}` });
  }
}

type Call = (name: string, values: Record<string, unknown>) => Promise<Record<string, unknown>>;
type Calls = Record<ServerId, Call>;

/** A machine fast enough to meet the limit of calls waits as it is told to, as any client does. */
function counted(server: ServerId, client: AnyClient, done: Acknowledged): Call {
  return async (name, values) => {
    const [tool, real] = name === "run_tool" ? [String(values["tool"]), values["arguments"]] : [name, values];
    const key = callKey(server, tool, hash("sha256", JSON.stringify(real)));
    for (;;) {
      const result = await client.callTool({ name, arguments: values });
      done.calls.push(key);
      if (!result.isError) {
        if (tool === "complete") done.completions.push(key);
        return result.structuredContent as Record<string, unknown>;
      }
      const said = JSON.stringify(result.content);
      const waitMs = /retryAfterMs\\":(\d+)/.exec(said)?.[1];
      if (waitMs === undefined) throw new Error(said);
      await delay(Number(waitMs));
    }
  };
}

async function connect(urls: Record<ServerId, string>, done: Acknowledged): Promise<Calls> {
  const calls = serverIds.map(async (id) => {
    const client = await connectLegacy({ kind: "http", url: urls[id], bearer });
    return [id, counted(id, client, done)] as const;
  });
  return Object.fromEntries(await Promise.all(calls)) as Calls;
}

/** Waits for the moment of this round, not forever, and then a random while. */
async function untilMoment(done: Acknowledged, round: number, random: () => number): Promise<void> {
  const counts = () => ({
    nothing: Infinity,
    imports: done.imports.size,
    completions: done.completions.length,
    documents: done.documents.size,
  });
  const moment = moments[round % moments.length] ?? "nothing";
  const wanted = counts()[moment] + 2;
  const until = performance.now() + longestWaitMs;
  while (counts()[moment] < wanted && performance.now() < until) await delay(10);
  await delay(random() * 1_200);
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
    const urls = Object.fromEntries(serverIds.map((id, index) => [id, `http://127.0.0.1:${ports[index]}`])) as Record<
      ServerId,
      string
    >;
    const done: Acknowledged = { documents: new Map(), imports: new Set(), calls: [], completions: [] };
    let up: ChildProcess | undefined;
    try {
      for (let round = 0; round < rounds; round++) {
        up = startUp(environment, []);
        const exited = new Promise((resolve) => up?.once("exit", resolve));
        await Promise.all(Object.values(urls).map(ready));
        const calls = await connect(urls, done);
        const working = work(calls, done, { round, hosts: own.map((site) => site.host), folder });
        await untilMoment(done, round, random);
        killAll(up, random() < 0.5);
        await Promise.all([exited, working]);
        await portsFree(Object.values(urls));
      }
      up = startUp(environment, []);
      await Promise.all(Object.values(urls).map(ready));
      await expectNothingLost(await connect(urls, { ...done, calls: [], completions: [] }), done, dataDir);
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
  const lines = readAuditedCalls(folder);
  const lost = Object.entries(Object.groupBy(done.calls, (key) => key)).filter(
    ([key, answered]) => (lines.get(key)?.length ?? 0) < (answered?.length ?? 0),
  );
  expect(lost).toEqual([]);
  expect(new Set(done.calls.map((key) => key.split(" ")[0]))).toEqual(new Set(serverIds));
  expectCharged(done.completions, lines, dataDir);
  const report = await verifyAudit(folder);
  expect(report.ok, JSON.stringify(report).slice(0, 2_000)).toBe(true);
}

/** The request ids under which the audit has each call. */
function readAuditedCalls(folder: string): Map<string, string[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  const calls = new Map<string, string[]>();
  for (const text of files.flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"))) {
    // The last line of a killed server may be half a line.
    if (!text.includes('"phase":"call"') || !text.endsWith("}")) continue;
    const line = JSON.parse(text) as Record<"server" | "tool" | "argumentsHash" | "requestId", string>;
    const key = callKey(line.server, line.tool, line.argumentsHash);
    calls.set(key, [...(calls.get(key) ?? []), line.requestId]);
  }
  return calls;
}

/** Each completion that was answered stands in the ledger. */
function expectCharged(completions: readonly string[], lines: Map<string, string[]>, dataDir: string): void {
  expect(completions.length).toBeGreaterThan(rounds / 4);
  const store = new DatabaseSync(join(dataDir, "sophia.db"), { readOnly: true });
  const rows = store.prepare("SELECT request_id FROM ledger_entries WHERE server = 'ai'").all();
  store.close();
  const charged = new Set(rows.map((row) => row["request_id"]));
  const free = completions.filter((key) => !lines.get(key)?.some((requestId) => charged.has(requestId)));
  expect(free).toEqual([]);
}
