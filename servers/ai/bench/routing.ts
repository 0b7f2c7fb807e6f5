// `pnpm bench routing [--json] [--seed N] [--repeats N]`: how well past outcomes tell which prompts need the strong model.
// The router's own memory and estimator (core/routing), fed with the outcomes of four folds, judge the prompts of the
// fifth. Every prompt has the same category: in the product that is the system prompt, and these have none. Once more
// with whole subjects held out: how much of it holds for prompts about something nobody has asked yet.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type NearOutcome, OutcomeMemory } from "@sophia/core/routing/outcome-memory";
import { createQualityEstimator } from "@sophia/core/routing/quality-estimator";
import { createSeededRandom } from "@sophia/core/routing/seeded-random";
import { type CachedVectors, embedCached } from "./cached-vectors.ts";
import { readRoutingRows, type RoutingRow } from "./routing-data.ts";
import { createRivals, type Judge, type RowEstimate } from "./routing-rivals.ts";
import {
  averageScores,
  calibrationError,
  compareSweeps,
  round,
  scoreSweep,
  type SweepScores,
  sum,
} from "./routing-scores.ts";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    repeats: { type: "string", default: "2" },
  },
  allowPositionals: true,
});
const foldCount = 5;
const now = Date.UTC(2026, 0, 1);
const dataFolder = process.env.BENCH_DATA ?? join(import.meta.dirname, "../../../../shared/data");
const { rows, files } = await readRoutingRows(dataFolder);
if (rows.length === 0) {
  process.stderr.write(
    `skipped: no routing/mmlu_*.csv in ${dataFolder}; set BENCH_DATA to the folder that holds routing/.\n`,
  );
  process.exit(0);
}
const embedded = await embedCached(rows.map(({ prompt }) => prompt));
const weak = rows.map((row) => row.weak);
const strong = rows.map((row) => row.strong);
const meanings = embedded.vectors.map((vector) => toUnit(vector.subarray(0, embedded.meaningDimension)));

interface Estimates {
  weak: number[];
  strong: number[];
}

const estimating = { cpuMs: 0, count: 0 };
const known = new WeakMap<readonly number[], ReturnType<typeof estimateByProduct>>();
const {
  knn100: byKnn100,
  logistic,
  formAndNeighbours,
  subjectMeans,
} = createRivals({
  rows,
  meanings,
  findNear: (train, test) => recallEstimates(train, test).map(({ near }) => near),
});
const judges = { product: recallEstimates, formAndNeighbours, knn100: byKnn100, logistic, subjectMeans };
type Method = keyof typeof judges | "random";

/** Of the last repeat. */
const gains: Partial<Record<keyof typeof judges, number[]>> = {};
const runs: Record<Method, SweepScores[]> = {
  product: [],
  formAndNeighbours: [],
  knn100: [],
  logistic: [],
  subjectMeans: [],
  random: [],
};
const calibration: Record<"product" | "formAndNeighbours", number[]> = { product: [], formAndNeighbours: [] };
for (let repeat = 0; repeat < Number(flags.repeats); repeat += 1) {
  const random = createSeededRandom(Number(flags.seed) + repeat);
  const folds = cutFolds(rows.length, random);
  for (const name of Object.keys(judges) as (keyof typeof judges)[]) {
    const estimates = crossValidate(folds, judges[name]);
    gains[name] = subtract(estimates);
    runs[name].push(scoreSweep(gains[name], weak, strong));
    if (name === "product" || name === "formAndNeighbours") calibration[name].push(calibrationOf(estimates));
  }
  runs.random.push(
    scoreSweep(
      rows.map(() => random()),
      weak,
      strong,
    ),
  );
}
const subjects = [...Map.groupBy(rows.keys(), (index) => rows[index]!.subject).values()];
const heldOutGains: Partial<Record<keyof typeof judges, number[]>> = {};
const heldOut = Object.fromEntries(
  (["product", "formAndNeighbours", "knn100"] as const).map((name) => {
    const estimates = crossValidate(subjects, judges[name]);
    heldOutGains[name] = subtract(estimates);
    const scores = scoreSweep(heldOutGains[name], weak, strong);
    return [name, { ...scores, calibrationError: calibrationOf(estimates) }];
  }),
);

const ours = averageScores(runs.product);
const knn100 = averageScores(runs.knn100);
const result = {
  ...ours,
  calibrationError: averageOf(calibration.product),
  baseline: { random: averageScores(runs.random), logistic: averageScores(runs.logistic), knn100 },
  tried: {
    formAndNeighbours: {
      ...averageScores(runs.formAndNeighbours),
      calibrationError: averageOf(calibration.formAndNeighbours),
    },
  },
  // Differences in APGR on the same rows, with their standard errors.
  differences: {
    productLessKnn100: compareGains(gains, "product", "knn100"),
    formLessProduct: compareGains(gains, "formAndNeighbours", "product"),
    heldOut: {
      productLessKnn100: compareGains(heldOutGains, "product", "knn100"),
      formLessProduct: compareGains(heldOutGains, "formAndNeighbours", "product"),
    },
  },
  toldTheSubject: averageScores(runs.subjectMeans),
  subjectsHeldOut: heldOut,
  gainOverKnn100: {
    apgr: round(ours.apgr - knn100.apgr),
    cpt50: round(ours.cpt50 - knn100.cpt50),
    cpt80: round(ours.cpt80 - knn100.cpt80),
  },
  // On all of MMLU, arXiv 2406.18665, table 2: not comparable row by row with a part of the subjects.
  quoted: { routeLlmBest: { apgr: 0.603, cpt50: 35.4, cpt80: 70.3 } },
  estimateCpuMs: round(estimating.cpuMs / estimating.count),
  items: rows.length,
  settings: {
    files,
    weakScore: round(sum(weak) / rows.length),
    strongScore: round(sum(strong) / rows.length),
    embedding: embedded.modelId,
    fitted: `${foldCount}-fold cross-validation over the rows, ${flags.repeats} times, mean`,
    calibration: "ECE of the estimates, ten groups of equal size, mean of both models",
    category: "one for all prompts",
  },
  seed: Number(flags.seed),
};
process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : formatTable());

function crossValidate(folds: readonly number[][], judge: Judge): Estimates {
  const estimates: Estimates = { weak: rows.map(() => 0), strong: rows.map(() => 0) };
  for (const test of folds) {
    const train = folds.filter((fold) => fold !== test).flat();
    for (const [position, estimate] of judge(train, test).entries()) {
      estimates.weak[test[position]!] = estimate.weak;
      estimates.strong[test[position]!] = estimate.strong;
    }
  }
  return estimates;
}

/** Searching is what takes the time, and two methods need what was found. */
function recallEstimates(train: readonly number[], test: readonly number[]) {
  const estimates = known.get(test) ?? estimateByProduct(train, test);
  known.set(test, estimates);
  return estimates;
}

function estimateByProduct(train: readonly number[], test: readonly number[]) {
  const memory = new OutcomeMemory();
  for (const index of train) memory.put(toPast(rows[index]!, index, embedded));
  const quality = createQualityEstimator({ memory });
  const cpuBefore = process.cpuUsage();
  const judged = test.map((index): RowEstimate & { near: Record<keyof RowEstimate, readonly NearOutcome[]> } => {
    const prompt = { category: "none", vector: embedded.vectors[index]!, embeddingModelId: embedded.modelId, now };
    const estimates = quality.estimate(["weak", "strong"], prompt);
    const [low, high] = [estimates.get("weak")!, estimates.get("strong")!];
    return { weak: low.mean, strong: high.mean, near: { weak: low.near, strong: high.near } };
  });
  const { user, system } = process.cpuUsage(cpuBefore);
  estimating.cpuMs += (user + system) / 1_000;
  estimating.count += test.length;
  return judged;
}

function toPast(row: RoutingRow, index: number, { vectors, modelId }: CachedVectors) {
  const scores = [
    { family: "weak", score: row.weak, trust: 1 },
    { family: "strong", score: row.strong, trust: 1 },
  ];
  return { id: `row-${index}`, at: now, category: "none", vector: vectors[index]!, embeddingModelId: modelId, scores };
}

function cutFolds(count: number, random: () => number): number[][] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [order[index], order[other]] = [order[other]!, order[index]!];
  }
  return Array.from({ length: foldCount }, (_, fold) =>
    order.filter((_index, position) => position % foldCount === fold),
  );
}

function compareGains(of: typeof gains, one: keyof typeof judges, other: keyof typeof judges) {
  return compareSweeps(of[one]!, of[other]!, { weak, strong, random: createSeededRandom(Number(flags.seed)) });
}

function calibrationOf(estimates: Estimates): number {
  return (calibrationError(estimates.weak, weak) + calibrationError(estimates.strong, strong)) / 2;
}

function averageOf(values: readonly number[]): number {
  return round(sum(values) / values.length);
}

function subtract({ weak: low, strong: high }: Estimates): number[] {
  return high.map((value, index) => value - low[index]!);
}

function dot(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let index = 0; index < a.length; index += 1) total += a[index]! * b[index]!;
  return total;
}

function toUnit(vector: Float32Array): Float32Array {
  const scale = 1 / Math.max(1e-9, Math.sqrt(dot(vector, vector)));
  return vector.map((value) => value * scale);
}

function formatTable(): string {
  const line = (name: string, { apgr, cpt50, cpt80, saving }: SweepScores) =>
    [
      name.padEnd(14),
      apgr.toFixed(3).padStart(6),
      cpt50.toFixed(1).padStart(7),
      cpt80.toFixed(1).padStart(7),
      ...[saving["10"]["0.99"], saving["10"]["0.98"], saving["10"]["0.95"], saving["100"]["0.98"]].map((part) =>
        (part * 100).toFixed(1).padStart(9),
      ),
    ].join(" ");
  return [
    `${rows.length} prompts of ${files} files; weak model ${result.settings.weakScore}, strong ${result.settings.strongScore}`,
    `${"".padEnd(14)}   APGR   CPT50   CPT80   save@99   save@98   save@95  98, 1:100`,
    line("product", ours),
    line("with form", result.tried.formAndNeighbours),
    line("kNN-100", knn100),
    line("logistic", result.baseline.logistic),
    line("random", result.baseline.random),
    line("subject told", result.toldTheSubject),
    "whole subjects held out:",
    line("product", result.subjectsHeldOut["product"]!),
    line("with form", result.subjectsHeldOut["formAndNeighbours"]!),
    line("kNN-100", result.subjectsHeldOut["knn100"]!),
    `calibration error ${result.calibrationError}; an estimate takes ${result.estimateCpuMs} ms of CPU`,
    "RouteLLM's best on all of MMLU, quoted: 0.603, 35.4, 70.3",
    "",
  ].join("\n");
}
