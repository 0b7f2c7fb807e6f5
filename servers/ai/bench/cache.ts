// `pnpm bench cache [--json] [--seed N] [--budget 0.01] [--online] [--scale] [--size N]`: hits and errors of the semantic cache on
// labelled streams, beside fixed thresholds and a re-implementation of vCache's rule; near-misses; repeated traffic; latency. `--scale`:
// latency alone, in partitions of up to a million entries.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findSlotDifference, readSlots } from "@sophia/core/cache/guard/slot-guard";
import { embedCached } from "./cached-vectors.ts";
import { type Latency, measureShelf, measureStored } from "./cache/latency.ts";
import { compareAll, nearestPolicy, ownPolicy, type Policy, type Requests } from "./cache/matcher.ts";
import { createRandom, type LabelledTexts, readPairs, readStream, shuffle } from "./cache/read-sets.ts";
import { replayAt, replayOnline, replayPerEntryCurves, sweepHalves, sweepStream } from "./cache/replay.ts";
import { createTrace, replayTrace } from "./cache/trace.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    budget: { type: "string", default: "0.01" },
    online: { type: "boolean", default: false },
    scale: { type: "boolean", default: false },
    size: { type: "string" },
    only: { type: "string" },
  },
  allowPositionals: true,
});
const seed = Number(flags.seed);
const budget = Number(flags.budget);
const projectRoot = join(import.meta.dirname, "../../..");
const dataFolder = process.env["BENCH_DATA"] ?? join(projectRoot, "../shared/data");
/** Similarities, and scores of the product, which doubt lowers. */
const thresholds = Array.from({ length: 30 }, (_, index) => 0.4 + index * 0.02);
/** Entries of one partition; the first is scanned whole. */
const scales = [10_000, 100_000, 300_000, 1_000_000];
const scores = Array.from({ length: 33 }, (_, index) => 0.1 + index * 0.025);

const found = await Promise.all([
  readStream(dataFolder, "clinc150", "clinc150-half.csv"),
  readStream(dataFolder, "banking77", "banking77-sample.csv"),
  readPairs(dataFolder),
]);
const wanted = found.filter((set) => set !== undefined && (flags.only === undefined || flags.only === set.name));
if (wanted.length === 0) process.stderr.write(`no labelled sets below ${dataFolder}/semcache; set BENCH_DATA.\n`);

const sets = [];
let modelId = "";
let sample: Requests | undefined;
for (const set of wanted) {
  if (!set) continue;
  process.stderr.write(`${set.name} …\n`);
  const embedded = await embedCached(set.texts);
  if (flags.scale) {
    sample = take(set, embedded.vectors, [...set.texts.keys()]);
    break;
  }
  modelId = embedded.modelId;
  const { meaningDimension } = embedded;
  const scored =
    set.name === "question-pairs"
      ? scoreHalves(set, embedded.vectors, meaningDimension)
      : scoreStream(set, embedded.vectors, meaningDimension);
  sets.push(scored.result);
  sample ??= scored.requests;
}

const nearMisses = await scoreNearMisses();
const trace = sample && !flags.scale ? scoreTrace(sample) : undefined;
const latency = sample ? await scoreLatency(sample) : [];
const result = {
  budget,
  sets,
  nearMisses,
  trace,
  latency,
  items: sets.reduce((sum, set) => sum + set.requests, 0),
  settings: {
    modelId,
    score: "frozen",
    threshold: "learned online from the answers of misses and of checked hits",
    answersUsed: "a cached entry's answer is its label, as the cache would see the text of the answer",
    insertion: "misses and checked hits",
  },
  seed,
};
print(result);

function take(set: LabelledTexts, vectors: readonly Float32Array[], order: readonly number[]): Requests {
  return {
    texts: order.map((index) => set.texts[index]!),
    answers: order.map((index) => set.answers[index]),
    vectors: order.map((index) => vectors[index]!),
  };
}

/** The part of a hybrid vector that the model made, of unit length again. */
function meaningOf(vectors: readonly Float32Array[], dimension: number): Float32Array[] {
  return vectors.map((vector) => {
    const part = vector.slice(0, dimension);
    const length = Math.hypot(...part) || 1;
    return part.map((value) => value / length);
  });
}

function scoreStream(set: LabelledTexts, vectors: readonly Float32Array[], meaningDimension: number) {
  const order = (by: number) =>
    shuffle(
      set.texts.map((_, index) => index),
      createRandom(by),
    ).slice(0, 5_000);
  const requests = take(set, vectors, order(seed));
  const hybrid = compareAll(requests.vectors);
  const own = ownPolicy(requests, hybrid);
  const nearest = nearestPolicy(hybrid);
  const online = replayOnline(requests, own, { budget, random: createRandom(seed + 1_000) });
  const seeds = flags.online ? scoreSeeds(set, vectors, order) : undefined;
  const meaning = nearestPolicy(compareAll(meaningOf(requests.vectors, meaningDimension)));
  const random = createRandom(seed + 2_000);
  return {
    requests,
    result: {
      name: set.name,
      ...online,
      hitAtError: sweepStream(requests, own, scores),
      staticHitAtError: sweepStream(requests, nearest, thresholds),
      rivals: {
        meaningHitAtError: sweepStream(requests, meaning, thresholds),
        fixed080: replayAt(requests, meaning, 0.8),
        fixed095: replayAt(requests, meaning, 0.95),
        perEntryCurves: replayPerEntryCurves(requests, meaning, { budget, random }),
        withoutAnswers: sweepStream(requests, ownPolicy(withoutAnswers(requests), hybrid), scores),
      },
      ...(seeds && { online: seeds }),
    },
  };
}

/** Each answer a group of its own: what matching is worth when no two answers are known to say the same. */
function withoutAnswers(requests: Requests): Requests {
  return { ...requests, answers: requests.answers.map(() => undefined) };
}

function scoreSeeds(set: LabelledTexts, vectors: readonly Float32Array[], order: (by: number) => number[]) {
  return [1, 2, 3].flatMap((by) => {
    const requests = take(set, vectors, order(by));
    const similarity = compareAll(requests.vectors);
    const own = ownPolicy(requests, similarity);
    const best = sweepStream(requests, nearestPolicy(similarity), thresholds);
    return ([0.01, 0.02, 0.05] as const).map((level) => ({
      seed: by,
      budget: level,
      ...replayOnline(requests, own, { budget: level, random: createRandom(by + 1_000) }),
      bestStaticHitRate: best[level],
    }));
  });
}

function scoreHalves(set: LabelledTexts, vectors: readonly Float32Array[], meaningDimension: number) {
  const order = shuffle(
    set.texts.map((_, index) => index),
    createRandom(seed),
  ).slice(0, 16_000);
  const requests = take(set, vectors, order);
  const half = order.length >> 1;
  const halves = {
    cached: order.slice(0, half).map((_, index) => index),
    asked: order.slice(half).map((_, index) => half + index),
  };
  const hybrid = compareAll(requests.vectors);
  const own = ownPolicy(requests, hybrid);
  const online = replayOnline(requests, own, { budget, random: createRandom(seed + 1_000), ...halves });
  const hitAtError = sweepHalves(requests, own, halves);
  const staticHitAtError = sweepHalves(requests, nearestPolicy(hybrid), halves);
  const meaning = compareAll(meaningOf(requests.vectors, meaningDimension));
  const meaningHitAtError = sweepHalves(requests, nearestPolicy(meaning), halves);
  return {
    requests,
    result: { name: set.name, ...online, hitAtError, staticHitAtError, rivals: { meaningHitAtError } },
  };
}

async function scoreNearMisses() {
  const file = new URL("../../../packages/core/src/cache/guard/question-pairs.json", import.meta.url);
  const { nearMisses: pairs, paraphrases } = JSON.parse(await readFile(file, "utf8")) as Record<
    "nearMisses" | "paraphrases",
    { left: string; right: string }[]
  >;
  const passes = ({ left, right }: { left: string; right: string }) =>
    findSlotDifference(readSlots(left), readSlots(right)) === undefined;
  const count = (list: { left: string; right: string }[] | undefined) => (list ?? []).filter(passes).length;
  return {
    pairs: pairs?.length ?? 0,
    served: count(pairs),
    paraphrases: paraphrases?.length ?? 0,
    paraphrasesServed: count(paraphrases),
  };
}

function scoreTrace(requests: Requests) {
  const trace = createTrace(requests, 5_000, createRandom(seed + 3_000));
  const policy: Policy = ownPolicy(requests, compareAll(requests.vectors));
  return replayTrace(requests, policy, { trace, budget: 0.01, random: createRandom(seed + 4_000) });
}

async function scoreLatency(requests: Requests) {
  const rows = [await measureStored(requests, 10_000)];
  const sizes = flags.size === undefined ? (flags.scale ? scales : []) : [Number(flags.size)];
  return [...rows, ...(await measureShelf(requests, sizes))];
}

function print(output: typeof result): void {
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(output)}\n`);
    return;
  }
  const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
  const line = (name: string, value: string) => process.stdout.write(`${name.padEnd(34)} ${value}\n`);
  for (const set of output.sets) {
    process.stdout.write(`\n${set.name}: ${set.requests} requests\n`);
    line(
      `policy at budget ${percent(budget)}`,
      `hits ${percent(set.hitRate)}, errors ${percent(set.errorRate)}, precision ${set.precision}, checked ${percent(set.checkRate)}`,
    );
    const levels = (hits: Record<string, number>) => Object.values(hits).map(percent).join(" / ");
    line("hits at error <= 1 / 2 / 3 / 5 %", levels(set.hitAtError));
    line("best fixed threshold, same vectors", levels(set.staticHitAtError));
    line("best fixed threshold, meaning only", levels(set.rivals.meaningHitAtError));
    if ("fixed080" in set.rivals) {
      line(
        "fixed 0.8",
        `hits ${percent(set.rivals.fixed080.hitRate)}, errors ${percent(set.rivals.fixed080.errorRate)}`,
      );
      line(
        "fixed 0.95",
        `hits ${percent(set.rivals.fixed095.hitRate)}, errors ${percent(set.rivals.fixed095.errorRate)}`,
      );
      line(
        "per-entry curves (vCache's rule)",
        `hits ${percent(set.rivals.perEntryCurves.hitRate)}, errors ${percent(set.rivals.perEntryCurves.errorRate)}`,
      );
      line("ours without knowing equal answers", levels(set.rivals.withoutAnswers));
    }
    for (const row of "online" in set ? (set.online ?? []) : []) {
      line(
        `online, seed ${row.seed}, budget ${percent(row.budget)}`,
        `hits ${percent(row.hitRate)}, errors ${percent(row.errorRate)}, best fixed ${percent(row.bestStaticHitRate)}`,
      );
    }
  }
  process.stdout.write("\n");
  line(
    "near-misses served",
    `${output.nearMisses.served} of ${output.nearMisses.pairs}; paraphrases let through ${output.nearMisses.paraphrasesServed} of ${output.nearMisses.paraphrases}`,
  );
  if (output.trace)
    line(
      "repeated traffic, budget 1 %",
      `hits ${percent(output.trace.hitRate)} (exact ${percent(output.trace.exactHitRate)}), errors ${percent(output.trace.errorRate)}`,
    );
  for (const row of output.latency) line(`${row.method}, ${row.entries}`, describeLatency(row));
}

function describeLatency({ p50Ms, p99Ms, cpuMs, recall, buildCpuSeconds, rssMb }: Latency): string {
  const times = `p50 ${p50Ms} ms, p99 ${p99Ms} ms; CPU ${cpuMs} ms`;
  return recall === undefined ? times : `${times}, recall ${recall}, built in ${buildCpuSeconds} s of CPU, ${rssMb} MB`;
}
