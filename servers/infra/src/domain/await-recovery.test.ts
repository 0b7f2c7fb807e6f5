import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, it } from "vitest";
import { awaitRecovery, type Recovery } from "./await-recovery.ts";

const pending: Recovery = { done: false, failed: false, detail: "It is restarting." };

function start(looks: Recovery[], signal = new AbortController().signal) {
  const clock = createVirtualClock();
  const messages: (string | undefined)[] = [];
  let index = 0;
  const look = async (): Promise<Recovery> => looks[Math.min(index++, looks.length - 1)] ?? pending;
  const outcome = awaitRecovery({
    look,
    clock,
    signal,
    deadlineMs: 5_000,
    progress: ({ message }) => messages.push(message),
  });
  return { clock, outcome, messages };
}

it("ends as soon as it is well and reports each look before", async () => {
  const { clock, outcome, messages } = start([pending, pending, { done: true, failed: false, detail: "It runs." }]);
  await clock.advance(2_000);
  expect(await outcome).toEqual({ done: true, failed: false, detail: "It runs.", waitedMs: 1_000 });
  expect(messages).toEqual(["It is restarting.", "It is restarting."]);
});

it("does not wait for something that has ended", async () => {
  const { outcome } = start([{ done: false, failed: true, detail: "It ended." }]);
  expect(await outcome).toMatchObject({ failed: true, waitedMs: 0 });
});

it("gives up at its deadline, with the last look", async () => {
  const { clock, outcome } = start([pending]);
  await clock.advance(6_000);
  const { done, waitedMs } = await outcome;
  expect(done).toBe(false);
  expect(waitedMs).toBeLessThanOrEqual(5_000);
  expect(clock.sleeping).toBe(0);
});

it("stops when the caller goes away", async () => {
  const controller = new AbortController();
  const { clock, outcome } = start([pending], controller.signal);
  const failure = expect(outcome).rejects.toThrow("gone");
  await clock.advance(600);
  controller.abort(new Error("gone"));
  await failure;
  expect(clock.sleeping).toBe(0);
});
