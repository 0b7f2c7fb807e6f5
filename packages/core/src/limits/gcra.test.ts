import fc from "fast-check";
import { expect, test } from "vitest";
import { createVirtualClock } from "../testing/virtual-clock.ts";
import { createGcra } from "./gcra.ts";
import { createTimeTable } from "./time-table.ts";

const perSecond = { requests: 10, perMs: 1_000, capacityFraction: 1, burst: 3 };

test("lets a burst go at once, then one call per interval", async () => {
  const clock = createVirtualClock();
  const gcra = createGcra({ clock });
  const first = [1, 2, 3, 4].map(() => gcra.take("key", perSecond).allowed);
  expect(first).toEqual([true, true, true, false]);
  await clock.advance(100);
  expect(gcra.take("key", perSecond).allowed).toBe(true);
  expect(gcra.take("key", perSecond)).toEqual({ allowed: false, waitMs: 100 });
});

test("takes the place when the wait is worth it, and says how long", () => {
  const gcra = createGcra({ clock: createVirtualClock() });
  const waits = [1, 2, 3, 4, 5, 6].map(() => Math.round(gcra.take("key", perSecond, 1, 250).waitMs));
  expect(waits).toEqual([0, 0, 0, 100, 200, 50]);
});

test("a call heavier than the burst goes when the key is rested, and is paid for afterwards", async () => {
  const clock = createVirtualClock();
  const gcra = createGcra({ clock });
  expect(gcra.take("key", perSecond, 20)).toEqual({ allowed: true, waitMs: 0 });
  expect(gcra.take("key", perSecond).allowed).toBe(false);
  await clock.advance(1_800);
  expect(gcra.take("key", perSecond).allowed).toBe(true);
});

test("keys do not share", () => {
  const gcra = createGcra({ clock: createVirtualClock() });
  for (let call = 0; call < 3; call++) gcra.take("one", perSecond);
  expect(gcra.take("one", perSecond).allowed).toBe(false);
  expect(gcra.take("two", perSecond).allowed).toBe(true);
});

test("property: in no window is more admitted than rate x window + burst, whatever the arrivals", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ gapMs: fc.integer({ min: 0, max: 400 }), weight: fc.integer({ min: 1, max: 3 }) }), {
        minLength: 20,
        maxLength: 80,
      }),
      async (arrivals) => {
        const clock = createVirtualClock();
        const gcra = createGcra({ clock });
        const sent: { at: number; weight: number }[] = [];
        for (const { gapMs, weight } of arrivals) {
          await clock.advance(gapMs);
          const decision = gcra.take("key", perSecond, weight, 500);
          if (decision.allowed) sent.push({ at: clock.monotonic() + decision.waitMs, weight });
        }
        for (const { at: start } of sent) {
          const weight = sent
            .filter(({ at }) => at >= start && at < start + 1_000)
            .reduce((sum, call) => sum + call.weight, 0);
          expect(weight).toBeLessThanOrEqual(10 + 3);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("fault 51: memory stays bounded with a million keys, and nobody gets a free pass by it", () => {
  const clock = createVirtualClock();
  const gcra = createGcra({ clock, maxKeys: 10_000 });
  const once = { requests: 1, perMs: 60_000, capacityFraction: 1, burst: 1 };
  for (let key = 0; key < 1_000_000; key++) gcra.take(`key ${key}`, once);
  expect(gcra.size).toBe(10_000);
  // Both a key with an entry of its own and one in a shared slot are still held.
  expect(gcra.take("key 0", once).allowed).toBe(false);
  expect(gcra.take("key 999999", once).allowed).toBe(false);
});

test("keys at rest make room for new ones", async () => {
  const clock = createVirtualClock();
  const table = createTimeTable(100, () => clock.monotonic());
  for (let key = 0; key < 100; key++) table.set(`old ${key}`, clock.monotonic() + 10);
  await clock.advance(20);
  for (let key = 0; key < 100; key++) table.set(`new ${key}`, clock.monotonic() + 1_000);
  expect(table.get("new 0")).toBe(1_020);
  expect(table.get("new 99")).toBe(1_020);
  expect(table.get("never seen")).toBe(0);
  expect(table.size).toBeLessThanOrEqual(100);
});

test("the first call of a key is never refused, wherever the clock stands", () => {
  const clock = createVirtualClock();
  const at = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(at, fc.integer({ min: 1, max: 600 }), (now, requests) => {
      const gcra = createGcra({ clock: { ...clock, monotonic: () => now } });
      const rule = { requests, perMs: 60_000, capacityFraction: 1, burst: Math.max(1, requests / 10) };
      expect(gcra.take("key", rule)).toEqual({ allowed: true, waitMs: 0 });
    }),
  );
});
