import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { createQueueLock } from "./queue-lock.ts";

test("lets one in at a time, in the order of arrival", async () => {
  const lock = createQueueLock({ maxWaiting: 10, maxWaitMs: 1_000 });
  const order: number[] = [];
  let inside = 0;
  const enter = async (number: number) => {
    const release = await lock.acquire();
    inside += 1;
    expect(inside).toBe(1);
    await delay(1);
    order.push(number);
    inside -= 1;
    release();
    // A second release must not let two in.
    release();
  };
  await Promise.all([1, 2, 3, 4, 5].map(enter));
  expect(order).toEqual([1, 2, 3, 4, 5]);
});

test("refuses more waiters than it can take, and those that waited too long", async () => {
  const lock = createQueueLock({ maxWaiting: 1, maxWaitMs: 30 });
  const release = await lock.acquire();
  const waiting = lock.acquire().catch((error: unknown) => error);
  await expect(lock.acquire()).rejects.toMatchObject({ kind: "unavailable" });
  expect(await waiting).toMatchObject({ kind: "unavailable", retryable: true });
  release();
  // Whoever gave up does not keep the place.
  (await lock.acquire())();
});
