import { startScript } from "@sophia/core/testing/child-script";
import type { StorePlace } from "@sophia/core/testing/store-engines";
import { setTimeout as delay } from "node:timers/promises";
import type { VendorAddresses } from "./collection-world.ts";

const worldModule = new URL("./collection-world.ts", import.meta.url).href;

/** Runs the newest collection of a place until it is over or this process is killed. */
const script = `
  import { createFastClock, openCollectionWorld } from ${JSON.stringify(worldModule)};
  const [place, addresses, factor, sinceMs] = process.argv.slice(2).map((text) => JSON.parse(text));
  const clock = createFastClock(factor, sinceMs);
  const world = await openCollectionWorld({ place, addresses, clock, pageMs: 100 });
  const [{ id }] = await world.collections.list("ann", 1);
  world.jobs.start();
  console.log("running");
  const signal = new AbortController().signal;
  await world.collections.wait(id, { forMs: 3_600_000, signal, onProgress() {} });
  console.log("over");
  process.exit(0);
`;

/**
 * Kills a process that runs a collection at a random moment, and starts the next one, until one comes to the end.
 * Returns how often it was killed.
 */
export async function runUnderKills(options: {
  place: StorePlace;
  addresses: VendorAddresses;
  factor: number;
  sinceMs: number;
  kills: number;
  random(): number;
  /** A process lives at most so long before it is killed, ms. */
  mostMs: number;
}): Promise<number> {
  const { place, addresses, factor, sinceMs, kills, random, mostMs } = options;
  let killed = 0;
  for (;;) {
    const child = startScript(script, place, addresses, factor, sinceMs);
    await child.waitFor("running");
    const isLast = killed >= kills;
    const isOver = isLast
      ? await child.ended.then(() => true)
      : await Promise.race([child.ended.then(() => true), delay(random() * mostMs).then(() => false)]);
    if (isOver) return killed;
    child.kill("SIGKILL");
    await child.ended;
    killed += 1;
  }
}
