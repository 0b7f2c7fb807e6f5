import { OutcomeMemory } from "@sophia/core/routing/outcome-memory";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import { createModelStrength } from "../routing/model-strength.ts";
import type { StoredAnswer } from "./answer.ts";
import { CallDesk, type CompletionParts } from "./call-desk.ts";
import type { CallJournal } from "./call-journal.ts";
import type { ChatCall } from "./chat-call.ts";
import type { SemanticCall, SemanticTicket } from "./semantic-answers.ts";

const key = { partition: "p", key: "k", flight: "f", scope: "p" };

/** A desk whose semantic cache never has anything, and what it was asked and given. */
function open() {
  const clock = createVirtualClock();
  const memory = new OutcomeMemory();
  for (const [family, score] of [
    ["large", 0.9],
    ["small", 0.6],
  ] as const) {
    for (let index = 0; index < 60; index += 1) {
      memory.put({ id: `${family} ${index}`, at: clock.now(), category: "c", scores: [{ family, score, trust: 1 }] });
    }
  }
  const asked: Pick<SemanticCall, "modelClass" | "strength">[] = [];
  const written: number[] = [];
  const ticket: SemanticTicket = { category: "c", vector: new Float32Array(1), modelId: "e" };
  const parts = {
    strength: createModelStrength({ memory, clock }),
    cache: { get: async () => undefined, put: async () => {} },
    semantic: {
      find: async ({ modelClass, strength }: SemanticCall) => {
        asked.push({ modelClass, strength });
        return { kind: "miss", reason: "empty", nearestScore: undefined, ticket };
      },
      remember: async (_ticket: SemanticTicket, _answer: StoredAnswer, { strength }: { strength: number }) => {
        written.push(strength);
      },
      judge: async () => false,
    },
  } as unknown as CompletionParts;
  const desk = new CallDesk(parts);
  async function answer(model: string, options: { by: string; qualityFloor?: number }) {
    const { by, ...floor } = options;
    const request = { model, messages: [{ role: "user", content: "Why?" }] };
    const call = { request, caller: { id: "c1" }, requestId: "r1", cache: "use", ...floor } as unknown as ChatCall;
    const signal = new AbortController().signal;
    const found = await desk.find(call, { key, journal: {} as CallJournal, signal });
    const stored = { id: "a", model: by, created: 1, content: "So.", inputTokens: 1, outputTokens: 1 };
    desk.keep(key, found, stored);
    await desk.settled();
  }
  return { answer, asked, written };
}

test("models that have been judged share a class, each at its own strength", async () => {
  const { answer, asked, written } = open();
  await answer("vendor/large", { by: "large-2026-08-07" });
  await answer("small", { by: "small" });
  expect(asked[0]?.modelClass).toBe(asked[1]?.modelClass);
  expect(asked.map(({ strength }) => strength)).toEqual([0.9, 0.6]);
  expect(written).toEqual([0.9, 0.6]);
});

test("a model nobody has judged is a class of its own", async () => {
  const { answer, asked, written } = open();
  await answer("fresh", { by: "fresh" });
  expect(asked).toEqual([{ modelClass: "fresh", strength: 0 }]);
  expect(written).toEqual([0]);
});

test("auto demands the floor, and writes down who answered", async () => {
  const { answer, asked, written } = open();
  await answer("auto", { by: "large-2026-08-07", qualityFloor: 0.8 });
  await answer("auto", { by: "unknown" });
  expect(asked).toEqual([
    { modelClass: "auto", strength: 0.8 },
    { modelClass: "auto", strength: 0 },
  ]);
  expect(written).toEqual([0.9, 0]);
});
