import { startEngine } from "@sophia/core/testing/store-engines";
import type { CollectionSpec } from "../../src/collections/collection-spec.ts";
import {
  type CollectionWorld,
  createFastClock,
  openCollectionWorld,
} from "../../src/collections/testing/collection-world.ts";
import { askAll, directMs, startVendors } from "./lanes.ts";

const caller = "bench";
const signal = new AbortController().signal;
/** Virtual: more than any of it takes. */
const mostMs = 6 * 60 * 60_000;

export interface Timing {
  items: number;
  /** One item of one service after the other, each timed by itself, without what the collection costs; s of virtual time. */
  sequentialS: number;
  /** From the wish to the last document; s of virtual time. */
  collectionS: number;
  /** Share of the time that is saved. */
  saved: number;
  failed: number;
}

/** `items` for each of five services, one after the other and as one collection, on the same latencies. */
export async function timeCollection(options: { items: number; factor: number; seed: number }): Promise<Timing> {
  const { items } = options;
  const sequentialMs = await inWorld(options, async (world) => {
    let sumMs = 0;
    for (const spec of splitItems(askAll(items))) {
      await runToEnd(world, spec);
    }
    const rows = await world.store.db.selectFrom("data_collection_tasks").selectAll().execute();
    for (const row of rows) sumMs += row.updated_at - (row.started_at ?? row.updated_at);
    return { ms: sumMs, failed: rows.filter(({ state }) => state !== "done").length };
  });
  const collectionMs = await inWorld(options, async (world, now) => {
    const startedAt = now();
    const report = await runToEnd(world, askAll(items));
    return { ms: now() - startedAt, failed: report.failures.reduce((sum, { count }) => sum + count, 0) };
  });
  return {
    items,
    sequentialS: sequentialMs.ms / 1_000,
    collectionS: collectionMs.ms / 1_000,
    saved: 1 - collectionMs.ms / sequentialMs.ms,
    failed: sequentialMs.failed + collectionMs.failed,
  };
}

async function inWorld<Result>(
  { factor, seed }: { factor: number; seed: number },
  work: (world: CollectionWorld, now: () => number) => Promise<Result>,
): Promise<Result> {
  const clock = createFastClock(factor, Date.now());
  const engine = await startEngine("sqlite");
  if (!engine) throw new Error("SQLite could not be opened.");
  const vendors = await startVendors({ clock, seed });
  const place = await engine.createPlace();
  const world = await openCollectionWorld({ place, clock, addresses: vendors.addresses, pageMs: directMs });
  try {
    world.jobs.start();
    return await work(world, () => clock.monotonic());
  } finally {
    await world.close();
    await vendors.close();
    await engine.stop();
  }
}

async function runToEnd({ collections }: CollectionWorld, spec: CollectionSpec) {
  const id = await collections.start({ spec, caller });
  await collections.wait(id, { forMs: mostMs, signal, onProgress: () => {} });
  return await collections.report(id, caller);
}

/** A collection of its own for each item, lane by lane. */
function splitItems(spec: CollectionSpec): CollectionSpec[] {
  return spec.sources.flatMap((source): CollectionSpec[] => {
    const each = (parts: CollectionSpec["sources"]): CollectionSpec[] =>
      parts.map((part) => ({ ...spec, sources: [part] }));
    switch (source.source) {
      case "pages":
      case "zenrows":
        return each(source.urls.map((url) => ({ ...source, urls: [url] })));
      case "tavily":
        return each(source.queries.map((query) => ({ ...source, queries: [query] })));
      case "apify":
        return each(source.inputs.map((input) => ({ ...source, inputs: [input] })));
      case "phantombuster":
        return each(source.inputs.map((input) => ({ ...source, inputs: [input] })));
    }
  });
}
