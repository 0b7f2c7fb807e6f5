import type { PastRequest } from "@sophia/core/routing/outcome";
import type { JudgedOutcome } from "@sophia/core/routing/outcome-store";
import { createUsableShares } from "@sophia/core/routing/usable-shares";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { CallContent, CallRecord } from "../domain/call-record.ts";
import { toConversationKey } from "./conversation-key.ts";
import { isUsable } from "./is-usable.ts";
import { createRouteLearner } from "./route-learner.ts";

const clock = createVirtualClock();
const record = (more: Partial<CallRecord> = {}): CallRecord => ({
  requestId: "r1",
  startedAt: clock.now(),
  caller: "c1",
  operation: "chat",
  origin: "gateway",
  stream: false,
  requestedModel: "auto",
  model: "vendor/Model-A",
  service: "openrouter",
  mode: "live",
  category: "cat",
  cache: "miss",
  route: "quality",
  propensity: 1,
  inputTokens: 1,
  outputTokens: 1,
  cachedInputTokens: 0,
  tokensEstimated: false,
  costUsd: 0,
  priceKnown: true,
  priceAsOf: "2026-01-01",
  totalMs: 1,
  overheadMs: 1,
  outcome: "ok",
  finishReason: "stop",
  attempts: [],
  ...more,
});
const content = (more: Partial<CallContent> = {}): CallContent => ({
  messages: [{ role: "user", content: "hi" }],
  answer: "Hello.",
  vector: Float32Array.of(1, 0),
  embeddingModelId: "e",
  ...more,
});

async function createWorld() {
  const saved: JudgedOutcome[] = [];
  const put: PastRequest[] = [];
  const usable = createUsableShares();
  const answered: unknown[] = [];
  const learner = createRouteLearner({
    store: {
      async save(outcome) {
        saved.push(outcome);
        return { ...outcome, scores: [outcome.score] };
      },
      async readChanges(take) {
        take({ id: "old", at: 0, category: "cat", scores: [] });
      },
      async prune() {},
    },
    memory: { put: (past) => put.push(past) },
    usable,
    router: { answered: (key, answer) => answered.push([key, answer]) },
    clock,
    log: pino({ level: "silent" }),
  });
  await clock.advance(0);
  return { saved, put, usable, answered, learner };
}

describe("the learner", () => {
  test("reads what is stored at once", async () => {
    const { put, learner } = await createWorld();
    expect(put.map(({ id }) => id)).toEqual(["old"]);
    await learner.close();
  });

  test("a judgement finds the call it is about, and nothing is learned of an unknown or a simulated one", async () => {
    const { saved, put, learner } = await createWorld();
    learner.sink(record(), content());
    expect(await learner.learnOutcome({ requestId: "r1", score: 0.8, trust: 1 })).toBe(true);
    learner.sink(record({ requestId: "r2", mode: "simulated" }), content());
    expect(await learner.learnOutcome({ requestId: "r2", score: 0.8, trust: 1 })).toBe(false);
    expect(saved).toEqual([
      {
        id: "r1",
        at: record().startedAt,
        category: "cat",
        vector: Float32Array.of(1, 0),
        embeddingModelId: "e",
        score: { family: "model-a", score: 0.8, trust: 1 },
        source: "judge",
      },
    ]);
    expect(put.at(-1)).toMatchObject({ id: "r1", scores: [{ family: "model-a", score: 0.8 }] });
    await learner.close();
  });

  test.each([
    ["the same caller past the cache is a mild complaint", {}, {}, 1],
    ["another caller", { caller: "c2" }, {}, 0],
    ["through the cache", { cache: "miss" as const }, {}, 0],
    ["our own check", { origin: "internal" as const }, {}, 0],
    ["another question", {}, { messages: [{ role: "user", content: "bye" }] }, 0],
    ["an hour later", { startedAt: clock.now() + 3_600_000 }, {}, 0],
  ])("asked again: %s", async (_name, again, said, complaints) => {
    const { saved, learner } = await createWorld();
    learner.sink(record(), content());
    learner.sink(record({ requestId: "r2", cache: "bypass", ...again }), content(said));
    expect(saved.filter(({ source }) => source === "regenerated")).toHaveLength(complaints);
    await learner.close();
  });

  test("counts answers that cannot be used against the model, cached ones and failed providers not", async () => {
    const { usable, learner } = await createWorld();
    const before = usable.of("model-a", clock.now());
    learner.sink(record({ outcome: "error" }), content());
    learner.sink(record({ cache: "hit", finishReason: "length" }), content());
    expect(usable.of("model-a", clock.now())).toBe(before);
    for (let call = 0; call < 50; call += 1) learner.sink(record({ finishReason: "length" }), content());
    expect(usable.of("model-a", clock.now())).toBeCloseTo(0.495, 2);
    await learner.close();
  });

  test("tells the router where a conversation is cached now, but not of answers from our own cache", async () => {
    const { answered, learner } = await createWorld();
    learner.sink(record({ inputTokens: 2_000 }), content());
    learner.sink(record({ cache: "semantic" }), content());
    learner.sink(record({ requestedModel: "vendor/Model-A" }), content());
    const key = toConversationKey("c1", content().messages);
    expect(answered).toEqual([
      [key, { service: "openrouter", model: "vendor/Model-A", inputTokens: 2_000, now: clock.now() }],
    ]);
    await learner.close();
  });

  test("a comparison gives every model its score for the one prompt", async () => {
    const { saved, learner } = await createWorld();
    const scores = [
      { model: "x/one", score: 1 },
      { model: "two:free", score: 0.25 },
    ];
    await learner.learnComparison({ id: "k", category: "cat", scores });
    expect(saved.map(({ id, score, source }) => [id, score.family, score.score, source])).toEqual([
      ["k", "one", 1, "comparison"],
      ["k", "two", 0.25, "comparison"],
    ]);
    await learner.close();
  });
});

test.each([
  ["a finished answer", {}, {}, true],
  ["cut at its length", { finishReason: "length" }, {}, false],
  ["withheld", { finishReason: "content_filter" }, {}, false],
  ["declined", {}, { answer: "I'm sorry, but I can't help with that." }, false],
  ["no JSON where JSON was asked", {}, { answer: "Sure: {", wantsJson: true }, false],
  ["JSON where JSON was asked", {}, { answer: '{"a":1}', wantsJson: true }, true],
  ["a call of a tool", { finishReason: "tool_calls" }, { answer: "", wantsJson: true }, true],
  ["a provider that failed", { outcome: "error" as const }, {}, undefined],
])("usable: %s", (_name, more, said, expected) => {
  expect(isUsable(record(more), content(said))).toBe(expected);
});

test("a conversation keeps its key while it grows", () => {
  const start = [
    { role: "system", content: "s" },
    { role: "user", content: "a" },
  ];
  const grown = [...start, { role: "assistant", content: "b" }, { role: "user", content: "c" }];
  expect(toConversationKey("me", grown)).toBe(toConversationKey("me", start));
  expect(toConversationKey("you", grown)).not.toBe(toConversationKey("me", grown));
  expect(toConversationKey("me", [{ role: "system", content: "s" }])).toBeUndefined();
});
