import { expect, test } from "vitest";
import { untilAborted } from "./until-aborted.ts";

test("what comes first counts: the result, the failure, or the signal", async () => {
  const signal = new AbortController().signal;
  const never = new Promise<never>(() => undefined);
  expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
  await expect(untilAborted(Promise.reject(new Error("failed")), signal)).rejects.toThrow("failed");
  const leaving = new AbortController();
  const waiting = untilAborted(never, leaving.signal);
  leaving.abort(new Error("left"));
  await expect(waiting).rejects.toThrow("left");
  await expect(untilAborted(never, leaving.signal)).rejects.toThrow("left");
  // A failure after that is nobody's, and no unhandled one.
  const late = Promise.reject(new Error("late"));
  await expect(untilAborted(late, leaving.signal)).rejects.toThrow("left");
});
