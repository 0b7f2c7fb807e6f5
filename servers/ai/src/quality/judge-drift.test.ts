import { createRandom } from "@sophia/core/statistics/seeded-random";
import { expect, test } from "vitest";
import { judgeDrift, type ModelReport } from "./judge-drift.ts";
import type { ModelPeriod, QualityCall } from "./load-period.ts";
import type { MeasureName } from "./measure.ts";

interface Habits {
  failures: number;
  refusals: number;
  medianMs: number;
  characters: number;
  shift: number;
}

const usual: Habits = { failures: 0.02, refusals: 0.03, medianMs: 800, characters: 600, shift: 0 };

/** Calls of a model with these habits, one a minute. */
function makePeriod(seed: number, count: number, habits: Partial<Habits> = {}, startAt = 0): ModelPeriod {
  const random = createRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const { failures, refusals, medianMs, characters, shift } = { ...usual, ...habits };
  const calls = Array.from({ length: count }, (_, index): QualityCall => {
    const totalMs = medianMs * Math.exp(normal() * 0.5);
    return {
      at: startAt + index * 60_000,
      failed: random() < failures,
      refusal: random() < refusals,
      totalMs,
      firstTokenMs: totalMs / 4,
      answerCharacters: Math.round(characters * Math.exp(normal() * 0.6)),
      finishReason: random() < 0.9 ? "stop" : "length",
      category: random() < 0.6 ? "support" : "code",
      sketch: {
        model: "e1",
        vector: Float32Array.from({ length: 16 }, (_value, axis) => normal() + (axis === 0 ? 3 + shift : 0)),
      },
    };
  });
  const scores = Array.from({ length: 60 }, (_, index) => ({
    at: index,
    kind: "model" as const,
    score: Math.min(1, 0.8 + normal() * 0.1),
  }));
  return { model: "small", service: "openrouter", calls, scores };
}

async function judgeOne(current: ModelPeriod, reference = makePeriod(1, 800)): Promise<ModelReport> {
  const [report] = await judgeDrift(new Map([["m", reference]]), new Map([["m", current]]));
  if (!report) throw new Error("no report");
  return report;
}

function verdictOf(report: ModelReport, name: MeasureName): string | undefined {
  return report.measures.find((measure) => measure.name === name)?.verdict;
}

test("a steady model is steady, in nearly all of fifteen tries", async () => {
  const worse = [];
  for (let seed = 100; seed < 115; seed += 1) {
    const report = await judgeOne(makePeriod(seed, 300), makePeriod(seed + 1_000, 500));
    worse.push(...report.measures.filter(({ verdict }) => verdict !== "steady" && verdict !== "too_few"));
  }
  expect(worse.length).toBeLessThanOrEqual(2);
});

test.each<[string, Partial<Habits>, MeasureName, string]>([
  ["more failures", { failures: 0.15 }, "error_rate", "critical"],
  ["twice as slow", { medianMs: 1_700 }, "latency", "critical"],
  ["a little slower", { medianMs: 1_050 }, "latency", "warning"],
  ["more refusals", { refusals: 0.12 }, "refusal_rate", "warning"],
])("%s are found", async (_name, habits, measure, status) => {
  const report = await judgeOne(makePeriod(2, 500, habits, 800 * 60_000));
  expect(verdictOf(report, measure)).toBe("worse");
  expect(report.status).toBe(status);
  expect(report.next.length).toBeGreaterThan(0);
});

test("what changed is told apart from what is worse", async () => {
  const report = await judgeOne(makePeriod(3, 500, { characters: 300, shift: 3, medianMs: 500 }));
  expect(verdictOf(report, "answer_length")).toBe("changed");
  expect(verdictOf(report, "questions")).toBe("changed");
  expect(verdictOf(report, "latency")).toBe("better");
  expect(report.status).toBe("changed");
  expect(report.next.join(" ")).toContain("What is asked has changed");
});

test("since when, to within an hour", async () => {
  const startAt = 800 * 60_000;
  const before = makePeriod(4, 250, {}, startAt);
  const after = makePeriod(5, 250, { failures: 0.5 }, startAt + 250 * 60_000);
  const report = await judgeOne({ ...before, calls: [...before.calls, ...after.calls] });
  const since = report.measures.find(({ name }) => name === "error_rate")?.since ?? 0;
  expect(Math.abs(since - (startAt + 250 * 60_000))).toBeLessThanOrEqual(60 * 60_000);
});

test("marks of a judge that fall are worse", async () => {
  const current = makePeriod(6, 200);
  const fallen = current.scores.map((said) => ({ ...said, score: said.score - 0.3 }));
  const report = await judgeOne({ ...current, scores: fallen });
  expect(report.measures.find(({ name }) => name === "judge_score")).toMatchObject({
    verdict: "worse",
    severity: "critical",
  });
});

test("too few calls, or a model without a past, are no evidence", async () => {
  expect((await judgeOne(makePeriod(7, 10, { failures: 1 }))).status).not.toBe("critical");
  const empty = { model: "small", service: "openrouter", calls: [], scores: [] };
  const report = await judgeOne(makePeriod(8, 300), empty);
  expect(report.status).toBe("too_few");
  expect(report.measures.every(({ verdict }) => verdict === "too_few")).toBe(true);
});

test("vectors of another embedding model are not compared", async () => {
  const current = makePeriod(9, 200, { shift: 5 });
  const other = current.calls.map((call) => ({ ...call, sketch: call.sketch && { ...call.sketch, model: "e2" } }));
  expect(verdictOf(await judgeOne({ ...current, calls: other }), "questions")).toBe("too_few");
});

test("the worst model stands first", async () => {
  const reference = makePeriod(1, 600);
  const reports = await judgeDrift(
    new Map([
      ["a", reference],
      ["b", reference],
    ]),
    new Map([
      ["a", makePeriod(20, 300)],
      ["b", { ...makePeriod(21, 300, { failures: 0.4 }), model: "broken" }],
    ]),
  );
  expect(reports.map(({ model }) => model)).toEqual(["broken", "small"]);
});
