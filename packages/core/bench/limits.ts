// `pnpm bench limits [--json] [--seed N]`: pacing against a vendor with a sliding window and one with slots, in virtual
// time, so the figures do not depend on the machine. Beside ours stands an SDK as it comes: back-off, five tries.
import { parseArgs } from "node:util";
import {
  type Client,
  paced,
  type Report,
  sdkClient,
  simulate,
  slotVendor,
  windowVendor,
} from "../src/testing/simulate-limits.ts";
import { createVirtualClock, type VirtualClock } from "../src/testing/virtual-clock.ts";

const { values: flags } = parseArgs({
  options: { json: { type: "boolean", default: false }, seed: { type: "string", default: "100" } },
  allowPositionals: true,
});
const seed = Number(flags.seed);
const rate = { requests: 1_000, perMs: 60_000 };
const concurrency = { concurrent: 20 };

type MakeClient = (clock: VirtualClock) => Client;

const sdk: MakeClient = (clock) => sdkClient(clock, seed);

function overWindow(makeClient: MakeClient, workers: number): Promise<Report> {
  const clock = createVirtualClock();
  return simulate(clock, windowVendor(clock, rate.requests), 6_000, workers, makeClient(clock));
}

function overSlots(makeClient: MakeClient, workers: number): Promise<Report> {
  const clock = createVirtualClock();
  return simulate(clock, slotVendor(clock), 1_500, workers, makeClient(clock));
}

const window = {
  sdk: await overWindow(sdk, 20),
  default: await overWindow((clock) => paced(clock, { rate }, seed), 40),
  tuned: await overWindow((clock) => paced(clock, { rate: { ...rate, capacityFraction: 0.97, burst: 20 } }, seed), 40),
};
const slots = {
  sdk: await overSlots(sdk, 20),
  ours: await overSlots((clock) => paced(clock, { concurrency }, seed), 40),
};

if (flags.json) {
  process.stdout.write(`${JSON.stringify({ window, slots, idealSlotMinutes: 12, seed })}\n`);
} else {
  const describe = (name: string, jobs: number, { minutes, rejectedShare, failed }: Report) =>
    `${name.padEnd(44)}${((jobs - failed) / minutes).toFixed(0).padStart(6)}/min${minutes.toFixed(1).padStart(7)} min` +
    `${(rejectedShare * 100).toFixed(2).padStart(7)} % rejected${String(failed).padStart(6)} lost`;
  const lines = [
    describe("1,000/min, SDK with back-off", 6_000, window.sdk),
    describe("1,000/min, paced as by default", 6_000, window.default),
    describe("1,000/min, paced at 97 % with a burst of 20", 6_000, window.tuned),
    describe("20 slots, then 10 (ideal 12.0), SDK", 1_500, slots.sdk),
    describe("20 slots, then 10 (ideal 12.0), paced", 1_500, slots.ours),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
