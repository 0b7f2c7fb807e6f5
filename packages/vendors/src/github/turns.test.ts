import { setImmediate } from "node:timers/promises";
import { expect, it } from "vitest";
import { createTurns } from "./turns.ts";

it("never runs more at once than allowed, keeps the order, and goes on after a failure", async () => {
  const turns = createTurns(3);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const work = Array.from({ length: 20 }, (_, index) =>
    turns.take(async () => {
      started.push(index);
      most = Math.max(most, ++running);
      await setImmediate();
      running -= 1;
      if (index % 4 === 0) throw new Error("failed");
      return index;
    }),
  );
  const outcomes = await Promise.allSettled(work);
  expect(most).toBe(3);
  expect(started).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(outcomes.filter((outcome) => outcome.status === "rejected")).toHaveLength(5);
  expect(await turns.take(async () => "free")).toBe("free");
});
