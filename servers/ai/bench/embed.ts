/**
 * What the embedded model is worth and what it costs: Spearman on STS-B pairs, CPU of all threads for one 12-word query,
 * speed, memory; beside it, turn by turn in the same run, the runtime that the weights were published with.
 *
 * `pnpm bench embed [--json] [--model hybrid|use|lexical] [--rounds N] [--seed N]`
 */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ContenderName, PairFigures, QueryFigures, Task } from "./embed/contender.ts";
import { median, readRssMb } from "./gateway/process-figures.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    model: { type: "string", default: "hybrid" },
    rounds: { type: "string", default: "5" },
  },
  allowPositionals: true,
});

const projectRoot = join(import.meta.dirname, "../../..");
const dataFolder = process.env.BENCH_DATA ?? join(projectRoot, "../shared/data");
const file = join(dataFolder, "semcache/stsb-en-dev.csv");
const text = await readFile(file, "utf8").catch(() => undefined);
if (text === undefined) {
  process.stderr.write(`skipped: ${file} is not there; set BENCH_DATA to the folder that holds semcache/.\n`);
  process.exit(0);
}
if (!["hybrid", "use", "lexical"].includes(flags.model)) throw new Error("--model must be hybrid, use or lexical");
const pairs = parsePairs(text);

interface Contender {
  name: ContenderName;
  child: ChildProcess;
  loadMs: number;
  modelId: string;
  dimension: number;
}

const children: ChildProcess[] = [];
process.once("exit", () => children.forEach((child) => child.kill("SIGKILL")));

const names: ContenderName[] = [flags.model as ContenderName];
if (existsSync(join(import.meta.dirname, "node_modules/@energetic-ai/core"))) names.push("tensorflow");
else process.stderr.write("@energetic-ai/core is not installed in bench/: no rival in this run.\n");
const contenders: Contender[] = [];
for (const name of names) contenders.push(await start(name));

const queries = pickQueries(pairs.flatMap(({ left, right }) => [left, right]));
const perRound = Math.min(40, queries.length);
const queryFigures = new Map<ContenderName, QueryFigures[]>(names.map((name) => [name, []]));
// The first round compiles; it counts for nobody.
for (let round = 0; round <= Number(flags.rounds); round += 1) {
  const texts = Array.from({ length: perRound }, (_, index) => queries[(round * perRound + index) % queries.length]!);
  for (const { name, child } of contenders) {
    const figures = await ask<QueryFigures>(child, { kind: "queries", texts });
    if (round > 0) queryFigures.get(name)!.push(figures);
  }
}

const shown = 400;
const pairFigures = new Map<ContenderName, PairFigures>();
const memory = new Map<ContenderName, number>();
for (const { name, child } of contenders) {
  const [left, right] = [pairs.map((pair) => pair.left), pairs.map((pair) => pair.right)];
  pairFigures.set(name, await ask<PairFigures>(child, { kind: "pairs", left, right, shown }));
  memory.set(name, readRssMb(child.pid!));
}

const rows = contenders.map(({ name, loadMs, modelId, dimension }) => {
  const measured = pairFigures.get(name)!;
  const expected = pairs.map((pair) => pair.score);
  return {
    name,
    modelId,
    dimension,
    spearman: round(spearman(measured.scores, expected), 4),
    perSecond: round((2 * pairs.length) / measured.seconds, 1),
    loadMs: Math.round(loadMs),
    rssMb: Math.round(memory.get(name)!),
    singleQueryCpuMs: round(median(queryFigures.get(name)!.map(({ cpuMs }) => cpuMs)), 2),
    singleQueryP50Ms: round(median(queryFigures.get(name)!.map(({ p50Ms }) => p50Ms)), 2),
    batchCpuMsPerText: round(measured.cpuMsPerText, 2),
  };
});
const [{ name: _ours, modelId, dimension, ...figures }, rival] = rows as [
  (typeof rows)[number],
  (typeof rows)[number]?,
];
const result = {
  ...figures,
  ...(rival && { rival, minimumCosine: compareVectors() }),
  emptyProcessRssMb: measureEmptyProcess(),
  items: pairs.length,
  settings: { modelId, dimension, rounds: Number(flags.rounds), queriesPerRound: perRound, fitted: "frozen" },
  seed: Number(flags.seed),
};
if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else printTable();
process.exit(0);

/** On the model's own dimensions, which come first in a hybrid vector; the least of all texts compared. */
function compareVectors(): number | null {
  if (flags.model === "lexical") return null;
  const [ours, theirs] = names.map((name) => pairFigures.get(name)!.vectors) as [number[][], number[][]];
  const cosines = theirs.map((vector, row) => {
    const own = ours[row]!.slice(0, vector.length);
    return dot(own, vector) / Math.sqrt(dot(own, own) * dot(vector, vector));
  });
  return Number(Math.min(...cosines).toFixed(7));
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, place) => sum + value * right[place]!, 0);
}

function measureEmptyProcess(): number {
  const { stdout } = spawnSync(process.execPath, ["-p", "process.memoryUsage.rss() / 2 ** 20"], { encoding: "utf8" });
  return Math.round(Number(stdout));
}

function printTable(): void {
  const { rival: _rival, settings, ...rest } = result;
  for (const row of rows) {
    process.stdout.write(`${row.name} (${row.modelId})\n`);
    for (const [key, value] of Object.entries(row).slice(3)) process.stdout.write(`  ${key.padEnd(18)} ${value}\n`);
  }
  const { minimumCosine, emptyProcessRssMb, items, seed } = { minimumCosine: null, ...rest };
  process.stdout.write(`${JSON.stringify({ minimumCosine, emptyProcessRssMb, items, seed, settings })}\n`);
}

async function start(name: ContenderName): Promise<Contender> {
  const child = fork(new URL("./embed/contender.ts", import.meta.url), [name], { serialization: "advanced" });
  children.push(child);
  const ready = await nextMessage<Omit<Contender, "name" | "child">>(child);
  return { ...ready, name, child };
}

function ask<Figures>(child: ChildProcess, task: Task): Promise<Figures> {
  const answer = nextMessage<Figures>(child);
  child.send(task);
  return answer;
}

function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as Message));
    child.once("exit", (code) => reject(new Error(`A contender ended with ${code}.`)));
  });
}

/** Twelve words of every text that has as many, in an order that the seed decides. */
function pickQueries(texts: string[]): string[] {
  const long = [...new Set(texts)].map((value) => value.split(/\s+/)).filter((words) => words.length >= 12);
  let state = Number(flags.seed) || 1;
  const keyed = long.map((words) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return { key: state, query: words.slice(0, 12).join(" ") };
  });
  return keyed.toSorted((a, b) => a.key - b.key).map(({ query }) => query);
}

function parsePairs(csv: string): { left: string; right: string; score: number }[] {
  return csv.split(/\r?\n/).flatMap((line) => {
    const cells = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) =>
      cell!.replace(/^"|"$/g, "").replaceAll('""', '"'),
    );
    const score = Number(cells[2]);
    return cells.length >= 3 && cells[2] !== "" && Number.isFinite(score)
      ? [{ left: cells[0]!, right: cells[1]!, score }]
      : [];
  });
}

function spearman(a: number[], b: number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length + 1) / 2;
  let products = 0;
  let squaresX = 0;
  let squaresY = 0;
  for (let index = 0; index < x.length; index += 1) {
    products += (x[index]! - mean) * (y[index]! - mean);
    squaresX += (x[index]! - mean) ** 2;
    squaresY += (y[index]! - mean) ** 2;
  }
  return products / Math.sqrt(squaresX * squaresY);
}

/** Equal values share the mean of their ranks. */
function ranks(values: number[]): number[] {
  const order = values.map((_, index) => index).toSorted((a, b) => values[a]! - values[b]!);
  const result = new Array<number>(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to += 1;
    for (let index = from; index < to; index += 1) result[order[index]!] = (from + to + 1) / 2;
    from = to;
  }
  return result;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
