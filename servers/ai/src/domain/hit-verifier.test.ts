import type { Reranker } from "@sophia/core/embed/reranker";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createHitVerifier, toHitVerifier } from "./hit-verifier.ts";

const account = { caller: "c", requestId: "r" };
const status = { modelId: "r", service: "tei", mode: "local" } as const;

/** Answers with `score`, fails or keeps silent. */
function createReranker(
  state: { score: number | "fails" | "silent"; asked: number },
  method = "cross-encoder" as const,
) {
  const reranker: Reranker = {
    rerank(_query, _documents, { signal } = {}) {
      state.asked += 1;
      const { score } = state;
      if (score === "fails") return Promise.reject(new Error("gone"));
      if (score !== "silent") return Promise.resolve({ results: [{ index: 0, score }], modelId: "r" });
      return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("late"))));
    },
    status: () => ({ ...status, method }),
  };
  return reranker;
}

function open(required: boolean, score: number | "fails" | "silent") {
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
  const clock = createVirtualClock();
  const state = { score, asked: 0 };
  const verify = createHitVerifier({ reranker: createReranker(state), required, clock, log, deadlineMs: 5 });
  return { lines, clock, state, ask: () => verify("asked", "earlier", { account }) };
}

test("a cross-encoder has the last word", async () => {
  expect(await open(false, 0.9).ask()).toBe(true);
  expect(await open(false, 0.1).ask()).toBe(false);
});

test.each([
  ["fails", false],
  ["silent", false],
  ["fails", true],
  ["silent", true],
] as const)("one that %s is told once, and hits go without it unless it is required (%s)", async (score, required) => {
  const { lines, clock, state, ask } = open(required, score);
  expect([await ask(), await ask(), await ask()]).toEqual([!required, !required, !required]);
  // At rest: a hit does not wait for it.
  expect(state.asked).toBe(1);
  await clock.advance(10_001);
  expect(await ask()).toBe(!required);
  expect([state.asked, lines.length]).toEqual([2, 1]);
  expect(lines[0]).toContain(required ? "nothing is served" : "served without it");
  state.score = 0.1;
  await clock.advance(10_001);
  expect(await ask()).toBe(false);
  expect(lines[1]).toContain("cross-encoder back");
});

test("a caller that leaves is no failure of it", async () => {
  const clock = createVirtualClock();
  const log = pino({ level: "silent" });
  const state = { score: "silent" as const, asked: 0 };
  const verify = createHitVerifier({ reranker: createReranker(state), required: false, clock, log, deadlineMs: 5_000 });
  const leaving = new AbortController();
  const asked = verify("asked", "earlier", { signal: leaving.signal });
  leaving.abort(new Error("left"));
  await expect(asked).rejects.toThrow("left");
  void verify("asked", "earlier", { signal: AbortSignal.timeout(1) }).catch(() => undefined);
  expect(state.asked).toBe(2);
});

test("what is required must be there; what is off or not there is not asked", () => {
  const parts = { clock: createVirtualClock(), log: pino({ level: "silent" }) };
  const vectors = {
    ...createReranker({ score: 1, asked: 0 }),
    status: () => ({ ...status, method: "vectors" as const }),
  };
  const crossEncoder = createReranker({ score: 1, asked: 0 });
  expect(() => toHitVerifier("required", { ...parts, reranker: vectors })).toThrow("no cross-encoder");
  expect(toHitVerifier("available", { ...parts, reranker: vectors })).toBeUndefined();
  expect(toHitVerifier("off", { ...parts, reranker: crossEncoder })).toBeUndefined();
  expect(toHitVerifier("available", { ...parts, reranker: crossEncoder })).toBeTypeOf("function");
});

test("an answer by vectors, because the key keeps its texts here, is no word of a cross-encoder", async () => {
  const byVectors: Reranker = {
    rerank: async () => ({ results: [{ index: 0, score: 0.1 }], modelId: "vectors:x", method: "vectors" }),
    status: () => ({ ...status, method: "cross-encoder" }),
  };
  const parts = { reranker: byVectors, clock: createVirtualClock(), log: pino({ level: "silent" }) };
  const word = (required: boolean) => createHitVerifier({ ...parts, required })("a", "b", { account });
  expect([await word(false), await word(true)]).toEqual([true, false]);
});
