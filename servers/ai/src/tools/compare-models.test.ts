import { AppError } from "@sophia/core/errors/app-error";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { Target } from "../domain/targets.ts";
import type { Question } from "../quality/ask-model.ts";
import { createComparisons } from "../routing/comparison.ts";
import type { ComparisonLesson } from "../routing/route-learner.ts";
import { compareModels } from "./compare-models.ts";

const log = pino({ level: "silent" });
const marks: Readonly<Record<string, number>> = { "says one": 5, "says two": 3, "says twin": 5 };

/** Models answer `says NAME` for a cent a call; the judge marks by the table above; `broken` fails. */
function createWorld({ mode = "live" as "live" | "simulated", usdPerCall = 0.01 } = {}) {
  const asked: Question[] = [];
  const lessons: ComparisonLesson[] = [];
  const comparisons = createComparisons({
    async ask(question) {
      asked.push(question);
      const { model, messages } = question;
      if (model === "broken") throw new AppError("unavailable", "It is down.", { hint: "Later." });
      const read = messages.at(-1)?.content ?? "";
      const mark = Object.entries(marks).find(([answer]) => read.includes(answer))?.[1];
      const text = model === "judge" ? `{"score": ${mark}, "reason": "because"}` : `says ${model}`;
      return {
        text,
        finishReason: "stop",
        costUsd: model === "twin" ? 0.005 : 0.01,
        totalMs: 7,
        service: "together",
        mode,
      };
    },
    models: { resolve: async () => ({ price: { costOf: () => usdPerCall } }) as unknown as Target },
    embedder: { embed: async () => ({ vectors: [Float32Array.of(1)], modelId: "e", dimension: 1 }) },
    learner: { learnComparison: async (lesson) => void lessons.push(lesson) },
    log,
  });
  const context = {
    services: { comparisons },
    caller: { id: "c1", name: "tester", scopes: ["read" as const] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log,
  };
  const run = async (input: Record<string, unknown>) =>
    compareModels.output.parse(
      await compareModels.run(compareModels.input.parse({ prompt: "p", models: ["one", "two"], ...input }), context),
    );
  return { asked, lessons, run };
}

describe("compare_models", () => {
  test("shows answers side by side, and learns nothing without a judge", async () => {
    const { run, lessons, asked } = createWorld();
    const output = await run({ models: ["two", "twin", "broken"], system: "s" });
    expect(output).toMatchObject({ cheapest: "twin", judgeCostUsd: 0, learned: false });
    expect(output.source).toEqual({ service: "together", mode: "live", costUsd: 0.015 });
    expect(output.answers[2]).toEqual({ model: "broken", costUsd: 0, error: "It is down. Later." });
    expect(asked[0]?.messages).toEqual([
      { role: "system", content: "s" },
      { role: "user", content: "p" },
    ]);
    expect(lessons).toEqual([]);
    expect(compareModels.render?.(output)).toMatchInlineSnapshot(`
      "## two at together (0.01 USD, 7 ms)
      says two

      ## twin at together (0.005 USD, 7 ms)
      says twin

      ## broken
      No answer: It is down. Later.

      [not judged; cheapest twin; fastest twin; 0.015 USD in all]"
    `);
  });

  test("with a judge the best is named, of equals the cheaper, and the router learns all marks", async () => {
    const { run, lessons } = createWorld();
    const output = await run({ models: ["one", "two", "twin"], judgeModel: "judge", maxCostUsd: 1 });
    expect(output).toMatchObject({ best: "twin", learned: true, judgeCostUsd: 0.03 });
    expect(output.answers.map(({ score }) => score)).toEqual([1, 0.5, 1]);
    expect(lessons[0]).toMatchObject({
      id: "r1",
      category: "general",
      embeddingModelId: "e",
      scores: [
        { model: "one", score: 1 },
        { model: "two", score: 0.5 },
        { model: "twin", score: 1 },
      ],
    });
  });

  test("what a simulator says teaches nothing, and is shown as that", async () => {
    const { run, lessons } = createWorld({ mode: "simulated" });
    const output = await run({ judgeModel: "judge" });
    expect([output.learned, lessons]).toEqual([false, []]);
    expect(compareModels.render?.(output)).toMatch(/^SIMULATED: /);
  });

  test("above the ceiling nothing is asked, the judge's reading counts too", async () => {
    const { run, asked } = createWorld({ usdPerCall: 0.1 });
    await expect(run({ judgeModel: "judge", maxCostUsd: 0.3 })).rejects.toMatchObject({
      kind: "invalid_input",
      message: "This comparison may cost up to 0.4 USD.",
    });
    expect(asked).toEqual([]);
  });

  test("a long answer is cut and says how long it was; a model named twice is an error", async () => {
    const { run } = createWorld();
    const long = "x".repeat(190);
    const output = await run({ models: [long, "two"], shownCharacters: 100 });
    expect(output.answers[0]).toMatchObject({ characters: 195, text: `says ${"x".repeat(95)}` });
    await expect(run({ models: ["one", "one"] })).rejects.toMatchObject({ kind: "invalid_input" });
  });
});
