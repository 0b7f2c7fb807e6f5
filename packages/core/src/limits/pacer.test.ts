import { expect, test } from "vitest";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { createMemoryLimitStore } from "./limit-store.ts";
import { createPacer, type PaceRequest, type Pass } from "./pacer.ts";
import type { LimitRow } from "./rules.ts";

function setUp(limits: Pick<LimitRow, "rate" | "concurrency" | "ownGate"> = {}) {
  const clock = createVirtualClock();
  const pacer = createPacer({ store: createMemoryLimitStore({ clock }), clock });
  const row: LimitRow = { class: "default", source: "test", ...limits };
  const { signal } = new AbortController();
  function enter(changes: Partial<PaceRequest> = {}): Promise<Pass> {
    return pacer.enter({ service: "Acme", key: "key", row, weight: 1, deadlineAt: 30_000, signal, ...changes });
  }
  return { clock, pacer, row, enter };
}

test("one place: calls get it in the order they came", async () => {
  const { clock, enter } = setUp({ concurrency: { concurrent: 1 } });
  const order: number[] = [];
  async function call(number: number): Promise<void> {
    const pass = await enter();
    order.push(number);
    await clock.sleep(100);
    pass.leave("accepted");
  }
  const all = [1, 2, 3, 4, 5].map(call);
  await clock.advance(500);
  await Promise.all(all);
  expect(order).toEqual([1, 2, 3, 4, 5]);
  expect(clock.sleeping).toBe(0);
});

test("who gives up in the line leaves it without holding up or overtaking anybody", async () => {
  const { clock, enter } = setUp({ concurrency: { concurrent: 1 } });
  const first = await enter();
  const controller = new AbortController();
  const second = enter({ signal: controller.signal });
  const third = enter();
  const given = expect(second).rejects.toThrow("enough");
  controller.abort(new Error("enough"));
  await given;
  let isThrough = false;
  void third.then(() => {
    isThrough = true;
  });
  await clock.advance(10);
  expect(isThrough).toBe(false);
  first.leave("accepted");
  (await third).leave("accepted");
  const last = await enter();
  last.leave("accepted");
  expect(clock.sleeping).toBe(0);
});

test("a gap in the line does not let the ones behind it overtake", async () => {
  const { clock, enter } = setUp({ concurrency: { concurrent: 1 } });
  const holder = await enter();
  const controller = new AbortController();
  const order: string[] = [];
  async function call(name: string, signal?: AbortSignal): Promise<void> {
    const pass = await enter(signal ? { signal } : {});
    order.push(name);
    pass.leave("accepted");
  }
  const all = [call("second"), call("quitter", controller.signal).catch(() => order.push("quit")), call("fourth")];
  await clock.advance(1);
  controller.abort();
  await clock.advance(1);
  holder.leave("accepted");
  await clock.advance(1);
  await Promise.all(all);
  expect(order).toEqual(["quit", "second", "fourth"]);
});

test("the line is bounded: call 1,001 is refused at once", async () => {
  const { clock, enter } = setUp({ concurrency: { concurrent: 1 } });
  await enter();
  const waiting = Array.from({ length: 1_000 }, () => enter().catch((error: unknown) => error));
  await expect(enter()).rejects.toMatchObject({ kind: "rate_limited", retryAfterMs: 1_000 });
  await clock.advance(30_000);
  const ends = await Promise.all(waiting);
  expect(ends.every((end) => (end as { kind?: string }).kind === "rate_limited")).toBe(true);
  expect(clock.sleeping).toBe(0);
});

test("a call that could not go out before its deadline is refused at once, and takes no place", async () => {
  const { clock, enter } = setUp({ rate: { requests: 1, perMs: 60_000, capacityFraction: 1, burst: 1 } });
  await enter();
  await expect(enter()).rejects.toMatchObject({ kind: "rate_limited" });
  await clock.advance(60_000);
  expect((await enter({ deadlineAt: 90_000 })).waitedMs).toBe(0);
});

test("a refusal by the rate gives the place in flight back", async () => {
  const { enter } = setUp({
    concurrency: { concurrent: 2 },
    rate: { requests: 1, perMs: 60_000, capacityFraction: 1, burst: 1 },
  });
  await enter();
  for (let call = 0; call < 5; call++) await expect(enter()).rejects.toMatchObject({ kind: "rate_limited" });
});

test("fault 29: a pause stops those who already had their place, and they do not all start at its end", async () => {
  const { clock, pacer, row, enter } = setUp({ rate: { requests: 10, perMs: 1_000, capacityFraction: 1, burst: 1 } });
  const sentAt: number[] = [];
  const all = Array.from({ length: 20 }, async () => {
    await enter();
    sentAt.push(clock.monotonic());
  });
  await clock.advance(450);
  expect(sentAt).toHaveLength(5);
  await pacer.pause({ key: "key", row }, 5_000);
  await clock.advance(4_990);
  expect(sentAt).toHaveLength(5);
  await clock.advance(1_000);
  // At full pace ten more would have gone out in this second; a slow start lets one or two.
  expect(sentAt.length).toBeGreaterThan(5);
  expect(sentAt.length).toBeLessThanOrEqual(7);
  await clock.advance(20_000);
  await Promise.all(all);
});

test("a pause is the key's, unless the row has a gate of its own", async () => {
  const { pacer, row, enter } = setUp();
  await pacer.pause({ key: "key", row }, 60_000);
  const other: LimitRow = { class: "other", source: "test" };
  await expect(enter({ row: other })).rejects.toMatchObject({ kind: "rate_limited" });
  await expect(enter({ row: undefined })).rejects.toMatchObject({ kind: "rate_limited" });
  expect((await enter({ key: "another key" })).waitedMs).toBe(0);
  expect((await enter({ row: { ...other, ownGate: true } })).waitedMs).toBe(0);
});
