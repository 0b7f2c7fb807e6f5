import { createMemoryLimitStore } from "../limits/limit-store.ts";
import { createPacer, type Pacer } from "../limits/pacer.ts";
import type { LimitRow } from "../limits/rules.ts";
import type { VirtualClock } from "./virtual-clock.ts";

// The simulation behind the choice of GCRA and AIMD, in virtual time: what a vendor with a sliding
// window, and one with slots, does to each way of pacing calls. The reference's own figures stand in the names.

interface Answer {
  ok: boolean;
  retryAfterMs?: number;
  reportedLimit?: number;
}
type Vendor = () => Promise<Answer>;
export interface Report {
  rejectedShare: number;
  failed: number;
  minutes: number;
}

export function windowVendor(clock: VirtualClock, perMinute: number): Vendor {
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

export function slotVendor(clock: VirtualClock): Vendor {
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

export type Client = (vendor: Vendor, tally: (answer: Answer) => void) => Promise<boolean>;

export async function simulate(
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
export function sdkClient(clock: VirtualClock, seed = 1): Client {
  const random = seeded(seed);
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
function pacedClient(clock: VirtualClock, pacer: Pacer, row: LimitRow, seed: number): Client {
  const random = seeded(seed);
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

export function paced(clock: VirtualClock, limits: Pick<LimitRow, "rate" | "concurrency">, seed = 2): Client {
  const pacer = createPacer({ store: createMemoryLimitStore({ clock }), clock });
  return pacedClient(clock, pacer, { class: "default", source: "simulation", ...limits }, seed);
}
