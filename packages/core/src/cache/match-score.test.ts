import { expect, test } from "vitest";
import { readSlots } from "./guard/slot-guard.ts";
import { findMatch, type Neighbour } from "./match-score.ts";

function near(text: string, similarity: number, answerGroup: string, servable = true): Neighbour & { text: string } {
  return { text, similarity, answerGroup, servable, slots: () => readSlots(text) };
}

const asked = readSlots("how do i reset my password");
const scoreOf = (neighbours: Neighbour[]) => findMatch(asked, neighbours)?.score ?? 0;

test("neighbours that agree raise the score, others lower it", () => {
  const alone = scoreOf([near("reset password", 0.8, "a")]);
  expect(scoreOf([near("reset password", 0.8, "a"), near("password reset", 0.79, "a")])).toBeGreaterThan(alone);
  expect(scoreOf([near("reset password", 0.8, "a"), near("reset my account", 0.79, "b")])).toBeLessThan(alone);
});

test("the answer most neighbours give is served, by the nearest that may be", () => {
  const match = findMatch(asked, [
    near("reset the account", 0.8, "b"),
    near("please reset my password", 0.79, "a", false),
    near("reset my password", 0.78, "a"),
    near("how to reset a password", 0.77, "a"),
  ]);
  expect(match).toMatchObject({ kind: "match", neighbour: { text: "reset my password" } });
});

test("a neighbour that differs in a slot is not served", () => {
  const question = readSlots("revenue in 2016");
  expect(findMatch(question, [near("revenue in 2017", 0.99, "a")])).toMatchObject({ kind: "differs", slot: "number" });
  expect(findMatch(question, [])).toBeUndefined();
});

test("three values with one answer show that the slot does not matter, unless it turns the question round", () => {
  const timers = [10, 20, 30].map((minutes) => near(`set a timer for ${minutes} minutes`, 0.9, "done"));
  expect(findMatch(readSlots("set a timer for 45 minutes"), timers.slice(1))).toMatchObject({ kind: "differs" });
  expect(findMatch(readSlots("set a timer for 45 minutes"), timers)).toMatchObject({ kind: "match" });
  const answers = ["a", "b", "c"];
  const years = timers.map((timer, index) => ({ ...timer, answerGroup: answers[index] ?? "" }));
  expect(findMatch(readSlots("set a timer for 45 minutes"), years)).toMatchObject({ kind: "differs" });
  expect(findMatch(readSlots("do not set a timer for 10 minutes"), timers)).toMatchObject({ kind: "differs" });
});
