// `pnpm bench month [--json] [--seed N]`: a month of requests replayed twice. Baseline: every request to the strong
// model, no cache. Ours: exact cache, semantic cache, router, all of them the product's own code, learning as they go.
// Half of the requests are exam questions whose right and wrong answers by both models are known (routing/), half are
// support questions in Zipf popularity, 30 % of those word for word as before (semcache/); both models answer these.
// Outcomes of the other half of the exam questions are the router's memory of the months before.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSemanticCache } from "@sophia/core/cache/create-semantic-cache";
import { semanticMigrations, type SemanticTables } from "@sophia/core/cache/semantic-tables";
import type { Clock } from "@sophia/core/limits/clock";
import type { Candidate } from "@sophia/core/routing/candidate";
import { createEndpointHealth } from "@sophia/core/routing/create-endpoint-health";
import { expectedCost } from "@sophia/core/routing/expected-cost";
import { OutcomeMemory } from "@sophia/core/routing/outcome-memory";
import { createQualityEstimator } from "@sophia/core/routing/quality-estimator";
import { createRouter } from "@sophia/core/routing/router";
import { createSeededRandom } from "@sophia/core/routing/seeded-random";
import { openStore } from "@sophia/core/store/store";
import { pino } from "pino";
import { embedCached } from "./cached-vectors.ts";
import { type MonthRequest, readMonth } from "./month-trace.ts";
import { round } from "./routing-scores.ts";

const { values: flags } = parseArgs({
  options: { json: { type: "boolean", default: false }, seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
const seed = Number(flags.seed);
const dataFolder = process.env.BENCH_DATA ?? join(import.meta.dirname, "../../../../shared/data");
const month = await readMonth(dataFolder, seed);
if (!month) {
  process.stderr.write(
    `skipped: routing/ or semcache/ is not in ${dataFolder}; set BENCH_DATA to the folder that holds them.\n`,
  );
  process.exit(0);
}
const { history, requests } = month;
const texts = [...month.texts.exam, ...month.texts.support];
const { vectors: examVectors, modelId } = await embedCached(month.texts.exam);
const vectors = [...examVectors, ...(await embedCached(month.texts.support)).vectors];

/** USD per million tokens: a small open model and a large one, ten times dearer. */
const [weakUsd, strongUsd] = [0.6, 6];
const outputTokens = 200;
const instructionTokens = 150;
/** Of the answers of models, judged by the strong model, which reads question and answer and writes a mark. */
const judgedShare = 0.03;
const markTokens = 60;
const errorBudget = 0.01;
const settings = { qualityShare: 0.98, explorationShare: 0.02 };

const candidate = (family: string, usd: number): Candidate => ({
  id: family,
  endpointId: family,
  service: family,
  mode: "live",
  model: family,
  family,
  supports: {},
  dataPolicy: "any",
  price: { inputUsdPerMillion: usd, outputUsdPerMillion: usd * 3, known: true, asOf: "2026-01-01" },
});
const strong = candidate("strong", strongUsd);
const weak = candidate("weak", weakUsd);

let now = Date.UTC(2026, 0, 1);
const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
const random = createSeededRandom(seed + 1_000);
const memory = new OutcomeMemory();
for (const past of history) {
  const scores = [
    { family: "weak", score: past.weak, trust: 1 },
    { family: "strong", score: past.strong, trust: 1 },
  ];
  memory.put({
    id: past.id,
    at: now,
    category: past.category,
    vector: vectors[past.text]!,
    embeddingModelId: modelId,
    scores,
  });
}
const quality = createQualityEstimator({ memory });
const router = createRouter({ quality, health: createEndpointHealth({ clock }), clock, random, ...settings });
const dataDir = await mkdtemp(join(tmpdir(), "sophia-month-"));
const log = pino({ level: "silent" });
const store = await openStore<SemanticTables>({ dataDir, migrations: [semanticMigrations], log });
const cache = createSemanticCache({ store, clock, log, random, defaults: { errorBudget, ttlMs: 40 * 86_400_000 } });
const exact = new Map<string, Answer>();

interface Answer {
  /** What it says, as far as two answers can be compared: the class of question it answers. */
  value: string;
  score: number;
}

const bill = { baselineUsd: 0, answersUsd: 0, judgeUsd: 0, checkUsd: 0 };
const count = { exact: 0, semantic: 0, wrong: 0, weak: 0, strong: 0, explored: 0, judged: 0, checks: 0 };
const score = { baseline: 0, ours: 0 };
const routed = { baselineUsd: 0, usd: 0 };

for (const request of requests) {
  now += (30 * 86_400_000) / requests.length;
  const text = texts[request.text]!;
  const expected = { inputTokens: instructionTokens + Math.ceil(text.length / 4), outputTokens };
  bill.baselineUsd += expectedCost(strong, expected).costUsd;
  score.baseline += request.strong;
  const answer = await answerOne(request, { text, expected });
  score.ours += answer.score;
}
await cache.close();
await store.close();
await rm(dataDir, { recursive: true, force: true });

async function answerOne(
  request: MonthRequest,
  asked: { text: string; expected: { inputTokens: number; outputTokens: number } },
): Promise<Answer> {
  const { text } = asked;
  const known = exact.get(text);
  if (known) {
    count.exact += 1;
    return known;
  }
  const vector = vectors[request.text]!;
  const question = { partition: request.category, category: request.category, text, vector, modelId };
  const found = await cache.lookup(question, { strength: 1 });
  if (found.kind === "hit") {
    count.semantic += 1;
    const served = JSON.parse(found.value) as Answer;
    const isRight = served.value === request.answerClass;
    if (!isRight) count.wrong += 1;
    if (found.check) {
      count.checks += 1;
      const fresh = ask(strong, request, asked);
      bill.checkUsd += fresh.costUsd;
      await cache.learn(question, found, { value: JSON.stringify(fresh.answer), strength: 1 });
    }
    return isRight ? served : { ...served, score: 0 };
  }
  const decision = router.route(
    {
      caller: "c",
      category: request.category,
      vector,
      embeddingModelId: modelId,
      expected: asked.expected,
      needs: { tools: false, json: false, vision: false },
      now,
    },
    [strong, weak],
  );
  const target = decision.targets[0]!;
  count[target.family as "weak" | "strong"] += 1;
  if (decision.policy === "exploration") count.explored += 1;
  const { answer, costUsd } = ask(target, request, asked);
  bill.answersUsd += costUsd;
  routed.usd += costUsd;
  routed.baselineUsd += expectedCost(strong, asked.expected).costUsd;
  if (random() < judgedShare) judge(request, { target, answer, asked });
  exact.set(text, answer);
  await cache.learn(question, found, { value: JSON.stringify(answer), strength: 1 });
  return answer;
}

function ask(
  target: Candidate,
  request: MonthRequest,
  { expected }: { expected: { inputTokens: number; outputTokens: number } },
) {
  const value = target.family === "weak" ? request.weak : request.strong;
  return { answer: { value: request.answerClass, score: value }, costUsd: expectedCost(target, expected).costUsd };
}

function judge(
  request: MonthRequest,
  { target, answer, asked }: { target: Candidate; answer: Answer; asked: { expected: { inputTokens: number } } },
): void {
  count.judged += 1;
  const reading = { inputTokens: asked.expected.inputTokens + outputTokens, outputTokens: markTokens };
  bill.judgeUsd += expectedCost(strong, reading).costUsd;
  memory.put({
    id: `judged-${count.judged}`,
    at: now,
    category: request.category,
    vector: vectors[request.text]!,
    embeddingModelId: modelId,
    scores: [{ family: target.family, score: answer.score, trust: 1 }],
  });
}

const oursUsd = bill.answersUsd + bill.judgeUsd + bill.checkUsd;
const result = {
  saved: round(1 - oursUsd / bill.baselineUsd),
  quality: round(score.ours / score.baseline),
  cacheErrorRate: round(count.wrong / requests.length),
  hitRate: round((count.exact + count.semantic) / requests.length),
  savedByRouting: round(1 - routed.usd / routed.baselineUsd),
  baselineUsd: round(bill.baselineUsd),
  oursUsd: {
    total: round(oursUsd),
    answers: round(bill.answersUsd),
    judge: round(bill.judgeUsd),
    checks: round(bill.checkUsd),
  },
  counts: count,
  items: requests.length,
  settings: {
    baseline: "every request to the strong model, no cache",
    priceRatio: strongUsd / weakUsd,
    history: history.length,
    judgedShare,
    errorBudget,
    ...settings,
    embedding: modelId,
    fitted: "nothing beforehand; router and cache learn while the month goes by",
  },
  seed,
};
if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
  process.stdout.write(
    [
      `${requests.length} requests; baseline ${result.baselineUsd} USD: ${result.settings.baseline}`,
      `saved          ${percent(result.saved)} (${result.oursUsd.total} USD: answers ${result.oursUsd.answers}, judging ${result.oursUsd.judge}, checks ${result.oursUsd.checks})`,
      `quality kept   ${percent(result.quality)}`,
      `cache          ${percent(result.hitRate)} hits (${count.exact} equal, ${count.semantic} by meaning), ${percent(result.cacheErrorRate)} of all requests answered wrongly`,
      `routing alone  ${percent(result.savedByRouting)} of what was not cached; ${count.weak} to the weak model, ${count.strong} to the strong, ${count.explored} of them explored`,
      "",
    ].join("\n"),
  );
}
