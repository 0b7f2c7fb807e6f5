import { expect, test } from "vitest";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { createMemoryLimitStore } from "./limit-store.ts";
import { createPacer, type Pacer } from "./pacer.ts";
import type { LimitRow } from "./rules.ts";

// The simulation behind the choice of GCRA and AIMD, in virtual time: what a vendor with a sliding
// window, and one with slots, does to each way of pacing calls. The reference's own figures stand in the names.

interface Answer {
  ok: boolean;
  retryAfterMs?: number;
  reportedLimit?: number;
}
type Vendor = () => Promise<Answer>;
interface Report {
  rejectedShare: number;
  failed: number;
  minutes: number;
}

function windowVendor(clock: VirtualClock, perMinute: number): Vendor {
  let taken: number[] = [];
  return async () => {
    const now = clock.monotonic();
    taken = taken.filter((at) => now - at < 60_000);
    if (taken.length >= perMinute) return { ok: false, retryAfterMs: 60_000 - (now - (taken[0] ?? now)) };
    taken.push(now);
    await clock.sleep(400);
    return { ok: true };
  };
}

function slotVendor(clock: VirtualClock): Vendor {
  let busy = 0;
  return async () => {
    const slots = clock.monotonic() < 180_000 ? 20 : 10;
    if (busy >= slots) return { ok: false, reportedLimit: slots };
    busy++;
    await clock.sleep(6_000);
    busy--;
    return { ok: true, reportedLimit: slots };
  };
}

type Client = (vendor: Vendor, tally: (answer: Answer) => void) => Promise<boolean>;

async function simulate(
  clock: VirtualClock,
  vendor: Vendor,
  jobs: number,
  workers: number,
  client: Client,
): Promise<Report> {
  let [next, requests, rejected, failed, done] = [0, 0, 0, 0, 0];
  async function worker(): Promise<void> {
    while (next < jobs) {
      next++;
      const isDone = await client(vendor, (answer) => {
        requests++;
        if (!answer.ok) rejected++;
      });
      if (isDone) done++;
      else failed++;
    }
  }
  const all = Promise.all(Array.from({ length: workers }, worker));
  while (done + failed < jobs) await clock.advance(1_000);
  await all;
  return { rejectedShare: rejected / requests, failed, minutes: clock.monotonic() / 60_000 };
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** An SDK as it comes: so many in flight, exponential back-off, no Retry-After, five tries. */
function sdkClient(clock: VirtualClock): Client {
  const random = seeded(1);
  return async (vendor, tally) => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const answer = await vendor();
      tally(answer);
      if (answer.ok) return true;
      await clock.sleep(500 * 2 ** attempt * (0.5 + random() / 2));
    }
    return false;
  };
}

/** Ours: through the pacer, with the vendor's pause and its reported limit. */
function pacedClient(clock: VirtualClock, pacer: Pacer, row: LimitRow): Client {
  const random = seeded(2);
  const { signal } = new AbortController();
  return async (vendor, tally) => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const pass = await pacer.enter({ service: "Vendor", key: "key", row, weight: 1, deadlineAt: Infinity, signal });
      const answer = await vendor();
      tally(answer);
      pass.leave(answer.ok ? "accepted" : "rejected", answer.reportedLimit);
      if (answer.ok) return true;
      if (answer.retryAfterMs !== undefined) await pacer.pause({ key: "key", row }, answer.retryAfterMs);
      await clock.sleep(random() * 1_000 * 2 ** attempt);
    }
    return false;
  };
}

function paced(clock: VirtualClock, limits: Pick<LimitRow, "rate" | "concurrency">): Client {
  const pacer = createPacer({ store: createMemoryLimitStore({ clock }), clock });
  return pacedClient(clock, pacer, { class: "default", source: "simulation", ...limits });
}

const thousandAMinute = { requests: 1_000, perMs: 60_000 };

test("1,000 a minute: an SDK with back-off is rejected and loses jobs", async () => {
  const clock = createVirtualClock();
  const report = await simulate(clock, windowVendor(clock, 1_000), 6_000, 20, sdkClient(clock));
  expect(report.rejectedShare).toBeGreaterThan(0.2);
  expect(report.failed).toBeGreaterThan(200);
});

test("1,000 a minute: GCRA at 90 % is rejected 0 % and does at least 900 a minute (reference 0 %, 911)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { rate: thousandAMinute });
  const report = await simulate(clock, windowVendor(clock, 1_000), 6_000, 40, client);
  expect(report).toMatchObject({ rejectedShare: 0, failed: 0 });
  expect(6_000 / report.minutes).toBeGreaterThan(900);
});

test("1,000 a minute: GCRA at 97 % with a burst of 2 % is rejected 0 % and does at least 960 (reference 0 %, 969)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { rate: { ...thousandAMinute, capacityFraction: 0.97, burst: 20 } });
  const report = await simulate(clock, windowVendor(clock, 1_000), 6_000, 40, client);
  expect(report).toMatchObject({ rejectedShare: 0, failed: 0 });
  expect(6_000 / report.minutes).toBeGreaterThan(960);
});

test("another user of the key leaves us 500: the gate keeps rejections at a few, no job is lost (reference 0.17 %, 545)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { rate: thousandAMinute });
  const report = await simulate(clock, windowVendor(clock, 500), 3_000, 40, client);
  expect(report.failed).toBe(0);
  expect(report.rejectedShare).toBeLessThan(0.005);
  expect(3_000 / report.minutes).toBeGreaterThan(400);
});

test("20 slots that become 10: an SDK at 20 in flight is rejected and loses jobs", async () => {
  const clock = createVirtualClock();
  const report = await simulate(clock, slotVendor(clock), 1_500, 20, sdkClient(clock));
  expect(report.rejectedShare).toBeGreaterThan(0.5);
  expect(report.failed).toBeGreaterThan(150);
});

test("20 slots that become 10: AIMD under a published cap loses none and is near the ideal 12 min (reference 2.6 %, 16.7 min)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { concurrency: { concurrent: 20 } });
  const withoutHeader: Client = (vendor, tally) => client(async () => ({ ok: (await vendor()).ok }), tally);
  const report = await simulate(clock, slotVendor(clock), 1_500, 40, withoutHeader);
  expect(report.failed).toBe(0);
  expect(report.rejectedShare).toBeLessThan(0.026);
  expect(report.minutes).toBeLessThan(12.5);
});

test("20 slots that become 10: AIMD under the reported cap reaches the ideal 12 min (reference 3.2 %, 13.5 min)", async () => {
  const clock = createVirtualClock();
  const client = paced(clock, { concurrency: { concurrent: 20 } });
  const report = await simulate(clock, slotVendor(clock), 1_500, 40, client);
  expect(report.failed).toBe(0);
  expect(report.rejectedShare).toBeLessThan(0.01);
  expect(report.minutes).toBeLessThan(12.2);
});
