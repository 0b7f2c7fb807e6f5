import { expect, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { createRetryBudget, retry, type RetryOptions } from "./retry.ts";

function options(clock: VirtualClock, changes: Partial<RetryOptions> = {}): RetryOptions {
  return {
    clock,
    budget: createRetryBudget({ clock, perSecond: 100 }),
    idempotent: true,
    deadlineAt: 30_000,
    signal: new AbortController().signal,
    random: () => 1,
    ...changes,
  };
}

function failing(error: unknown): { calls: number[]; work(): Promise<string> } {
  const calls: number[] = [];
  return {
    calls,
    async work() {
      calls.push(calls.length + 1);
      throw error;
    },
  };
}

async function outcome(clock: VirtualClock, running: Promise<unknown>): Promise<unknown> {
  const settled = running.then(
    (value) => value,
    (error: unknown) => error,
  );
  await clock.advance(60_000);
  return await settled;
}

test("tries four times with growing pauses, then gives the error", async () => {
  const clock = createVirtualClock();
  const at: number[] = [];
  const error = new AppError("upstream", "no");
  const running = retry(async () => {
    at.push(clock.monotonic());
    throw error;
  }, options(clock));
  expect(await outcome(clock, running)).toBe(error);
  expect(at).toEqual([0, 250, 750, 1_750]);
});

test("full jitter: the pause lies anywhere between none and the full one", async () => {
  const clock = createVirtualClock();
  const at: number[] = [];
  const running = retry(
    async () => {
      at.push(clock.monotonic());
      throw new AppError("upstream", "no");
    },
    options(clock, { random: () => 0 }),
  );
  await outcome(clock, running);
  expect(at).toEqual([0, 0, 0, 0]);
});

test.each([
  ["an answer that will not change", new AppError("invalid_input", "no"), true, 1],
  ["an unknown outcome", new AppError("upstream", "no", { retryable: false }), true, 1],
  ["something that is not an AppError", new Error("bug"), true, 1],
  ["work that must not be repeated", new AppError("upstream", "no"), false, 1],
  ["a refusal for the rate, even of work that must not be repeated", new AppError("rate_limited", "no"), false, 4],
] as const)("%s", async (_name, error, idempotent, attempts) => {
  const clock = createVirtualClock();
  const { calls, work } = failing(error);
  expect(await outcome(clock, retry(work, options(clock, { idempotent })))).toBe(error);
  expect(calls).toHaveLength(attempts);
});

test("work that must not be repeated is, when nothing of it had been sent", async () => {
  const clock = createVirtualClock();
  const { calls, work } = failing(new AppError("upstream", "refused"));
  await outcome(clock, retry(work, options(clock, { idempotent: false, isBeforeEffect: () => true })));
  expect(calls).toHaveLength(4);
});

test("the vendor's pause is honoured, and a pause past the deadline is not even begun", async () => {
  const clock = createVirtualClock();
  const at: number[] = [];
  const running = retry(
    async () => {
      at.push(clock.monotonic());
      if (at.length < 2) throw new AppError("rate_limited", "later", { retryAfterMs: 2_000 });
      return "done";
    },
    options(clock, { random: () => 0 }),
  );
  expect(await outcome(clock, running)).toBe("done");
  expect(at).toEqual([0, 2_000]);

  const late = failing(new AppError("rate_limited", "later", { retryAfterMs: 40_000 }));
  const startedAt = clock.monotonic();
  const refused = retry(late.work, options(clock, { deadlineAt: startedAt + 30_000 }));
  await expect(refused).rejects.toMatchObject({ kind: "rate_limited", retryAfterMs: 40_000 });
  expect(late.calls).toHaveLength(1);
});

test("one layer only: what has been retried below is not retried above", async () => {
  const clock = createVirtualClock();
  const { calls, work } = failing(new AppError("upstream", "no"));
  await outcome(
    clock,
    retry(() => retry(work, options(clock)), options(clock)),
  );
  expect(calls).toHaveLength(4);
});

test("a cancelled call stops in its pause", async () => {
  const clock = createVirtualClock();
  const controller = new AbortController();
  const { calls, work } = failing(new AppError("upstream", "no"));
  const running = retry(work, options(clock, { signal: controller.signal }));
  const seen = expect(running).rejects.toThrow("cancelled by the test");
  await clock.advance(100);
  controller.abort(new Error("cancelled by the test"));
  await seen;
  expect(calls).toHaveLength(1);
  expect(clock.sleeping).toBe(0);
});

test("fault 28: an outage is multiplied by 1.1 and one call a second at most", async () => {
  const clock = createVirtualClock();
  const budget = createRetryBudget({ clock });
  let sent = 0;
  const running: Promise<unknown>[] = [];
  const callsPerSecond = 100;
  for (let tick = 0; tick < 60 * callsPerSecond; tick++) {
    const call = retry(
      async () => {
        sent++;
        throw new AppError("upstream", "down");
      },
      options(clock, { budget, deadlineAt: Infinity, random: Math.random }),
    );
    running.push(call.catch(() => undefined));
    await clock.advance(1_000 / callsPerSecond);
  }
  await clock.advance(60_000);
  await Promise.all(running);
  const offered = 60 * callsPerSecond;
  expect(sent).toBeGreaterThan(offered);
  expect(sent).toBeLessThanOrEqual(offered * 1.1 + 60 + 1);
});

test("a quiet hour saves up nothing for a storm", async () => {
  const clock = createVirtualClock();
  const budget = createRetryBudget({ clock });
  for (let call = 0; call < 1_000; call++) budget.deposit();
  await clock.advance(3_600_000);
  const retries = Array.from({ length: 100 }, () => budget.withdraw()).filter(Boolean);
  expect(retries).toHaveLength(1);
});
