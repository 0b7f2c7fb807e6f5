/** Runs the newest collection of a place until it is over, or until it is killed. */
import { createFastClock, openCollectionWorld } from "../../src/collections/testing/collection-world.ts";
import { directMs } from "./lanes.ts";
import type { KillTask } from "./kills.ts";

process.once("message", (task: KillTask) => void run(task));

async function run({ place, addresses, factor, sinceMs }: KillTask): Promise<void> {
  const clock = createFastClock(factor, sinceMs);
  const world = await openCollectionWorld({ place, addresses, clock, pageMs: directMs });
  const [newest] = await world.collections.list("bench", 1);
  if (!newest) throw new Error("There is no collection.");
  world.jobs.start();
  process.send?.("running");
  const signal = new AbortController().signal;
  await world.collections.wait(newest.id, { forMs: 86_400_000, signal, onProgress: () => {} });
  process.exit(0);
}
