import { AppError } from "@sophia/core/errors/app-error";
import type { Caller } from "@sophia/core/approval/caller";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import type { CallRecord } from "../domain/call-record.ts";
import type { Annotation } from "../traces/annotations.ts";
import { sampleCall } from "../traces/testing/call-samples.ts";
import type { Traces } from "../traces/traces.ts";
import { createFeedback } from "./feedback.ts";

const caller: Caller = { id: "c1", name: "ann", scopes: ["read"] };

function open(record: CallRecord | undefined) {
  const said: Annotation[] = [];
  const lessons: unknown[] = [];
  const traces = {
    read: () => (record ? Promise.resolve({ record }) : Promise.reject(new AppError("not_found", "none"))),
    annotate: (opinion: Annotation) => Promise.resolve(void said.push(opinion)),
  } as unknown as Traces;
  const feedback = createFeedback({
    traces,
    clock: createVirtualClock(5),
    lessons: {
      learnOutcome: (lesson) => Promise.resolve(lesson.requestId !== "forgotten" && lessons.push(lesson) > 0),
      judgeEntry: (entryId, verdict) => Promise.resolve(lessons.push({ entryId, ...verdict }) > 0),
    },
  });
  return { feedback, said, lessons };
}

test("a mark is kept with its author and teaches the choice of models", async () => {
  const { feedback, said, lessons } = open(sampleCall());
  expect(await feedback.give({ requestId: "r1", score: 1, comment: "Right." }, caller)).toEqual({
    score: 1,
    taught: ["traces", "routing"],
  });
  expect(said).toEqual([
    {
      requestId: "r1",
      at: 5,
      name: "feedback",
      kind: "human",
      author: "c1",
      score: 1,
      label: "good",
      explanation: "Right.",
    },
  ]);
  expect(lessons).toEqual([{ requestId: "r1", score: 1, trust: 0.9 }]);
});

test("it does not say that routing learned where nothing of the call is known any more", async () => {
  const { feedback } = open(sampleCall());
  expect((await feedback.give({ requestId: "forgotten", score: 1 }, caller)).taught).toEqual(["traces"]);
});

test("of a cached answer it judges the entry, not the model", async () => {
  const cachedAnswer = { entryId: "e7", similarity: 0.93 };
  const { feedback, lessons } = open(sampleCall({ cache: "semantic", cachedAnswer }));
  expect((await feedback.give({ requestId: "r1", score: 0 }, caller)).taught).toEqual(["traces", "cache"]);
  expect(lessons).toEqual([{ entryId: "e7", score: 0.93, correct: false }]);
});

test("a correction says that it was wrong; words alone teach nobody", async () => {
  const { feedback, said, lessons } = open(sampleCall());
  expect((await feedback.give({ requestId: "r1", correction: "It is 42." }, caller)).score).toBe(0);
  expect(said[0]).toMatchObject({ score: 0, label: "bad", correction: "It is 42." });
  expect(await feedback.give({ requestId: "r1", comment: "Hm." }, caller)).toEqual({
    score: undefined,
    taught: ["traces"],
  });
  expect(lessons).toHaveLength(1);
});

test("a failed call has no answer to learn from, and an unknown request none at all", async () => {
  const failed = open(sampleCall({ outcome: "error" }));
  expect((await failed.feedback.give({ requestId: "r1", score: 0 }, caller)).taught).toEqual(["traces"]);
  await expect(open(undefined).feedback.give({ requestId: "r9", score: 1 }, caller)).rejects.toMatchObject({
    kind: "not_found",
  });
});
