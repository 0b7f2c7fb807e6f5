import { expect, test } from "vitest";
import type { Feedback, FeedbackGiven } from "../quality/feedback.ts";
import { createToolContext } from "../testing/tool-context.ts";
import { logFeedback } from "./log-feedback.ts";

function open() {
  const given: FeedbackGiven[] = [];
  const feedback: Feedback = {
    give(said) {
      given.push(said);
      return Promise.resolve({ score: said.score, taught: ["traces"] });
    },
  };
  return { given, context: createToolContext({ feedback }) };
}

test("a thumb is a score", async () => {
  const { given, context } = open();
  const output = await logFeedback.run({ requestId: "r1", thumb: "down", comment: "Old price." }, context);
  expect(given).toEqual([{ requestId: "r1", score: 0, comment: "Old price." }]);
  expect(output).toMatchObject({ requestId: "r1", score: 0, taught: ["traces"] });
  await logFeedback.run({ requestId: "r1", correction: "42" }, context);
  expect(given[1]).toEqual({ requestId: "r1", correction: "42" });
});

test.each([{ thumb: "up" as const, score: 1 }, {}])("%j is no feedback", async (said) => {
  const { context } = open();
  await expect(logFeedback.run({ requestId: "r1", ...said }, context)).rejects.toMatchObject({ kind: "invalid_input" });
});
