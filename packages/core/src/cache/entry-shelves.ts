import type { Clock } from "../limits/clock.ts";
import type { GraphFactory } from "./entry-graph.ts";
import { type EntryRow, type EntryRows, fromVectorColumns } from "./entry-rows.ts";
import { createEntryShelf, type EntryShelf } from "./entry-shelf.ts";

/** Partitions in memory: read when first asked for, kept up with what other processes write, dropped when unused. */
export interface EntryShelves {
  open(place: { partition: string; modelId: string; dimension: number }): Promise<EntryShelf>;
  /** What was changed here is read again at the next look-up. */
  expire(): void;
  /** Entries in memory. */
  readonly size: number;
}

export interface EntryShelvesOptions {
  rows: EntryRows;
  clock: Clock;
  /** How long what another process did may stay unseen. */
  refreshMs: number;
  createGraph: GraphFactory | undefined;
  exactLimit?: number;
  /** Entries in memory over all partitions; the partitions not used for longest go first. */
  maxLoaded: number;
}

interface Kept {
  shelf: EntryShelf;
  /** Wall clock at which the last reading began. */
  readTo: number;
  refreshedAt: number;
  compactedAt: number;
  reading: Promise<void> | undefined;
}

const compactEveryMs = 60_000;
/** Fewer that are removed or too old are not worth the work. */
const fewestDead = 1_000;

/** A row seen late may carry an older time: a write takes its time, and clocks of machines differ by less than this. */
const overlapMs = 5_000;
/** Every turn of a conversation opens one, mostly empty: their number is bounded too. */
const maxShelves = 1_000;

export function createEntryShelves(options: EntryShelvesOptions): EntryShelves {
  const { rows, clock, refreshMs } = options;
  /** In the order of their use. */
  const kept = new Map<string, Kept>();

  async function read(partition: string, modelId: string, own: Kept): Promise<void> {
    const startedAt = clock.now();
    for (const row of await rows.readChanged(partition, own.readTo - overlapMs)) {
      if (row.model_id === modelId) take(own.shelf, row);
    }
    own.readTo = startedAt;
    own.refreshedAt = clock.monotonic();
    compact(own, options);
  }

  function makeRoom(): void {
    let total = 0;
    for (const { shelf } of kept.values()) total += shelf.size;
    for (const [key, { shelf }] of kept) {
      if ((total <= options.maxLoaded && kept.size <= maxShelves) || kept.size === 1) return;
      kept.delete(key);
      total -= shelf.size;
    }
  }

  return {
    async open({ partition, modelId, dimension }) {
      const key = `${modelId} ${dimension} ${partition}`;
      const known = kept.get(key);
      const own = known ?? {
        shelf: createEntryShelf({ ...options, dimension }),
        readTo: 0,
        refreshedAt: -Infinity,
        compactedAt: clock.monotonic(),
        reading: undefined,
      };
      kept.delete(key);
      kept.set(key, own);
      if (clock.monotonic() - own.refreshedAt < refreshMs) return own.shelf;
      own.reading ??= read(partition, modelId, own).finally(() => {
        own.reading = undefined;
      });
      await own.reading;
      makeRoom();
      return own.shelf;
    },
    expire() {
      for (const own of kept.values()) own.refreshedAt = -Infinity;
    },
    get size() {
      let total = 0;
      for (const { shelf } of kept.values()) total += shelf.size;
      return total;
    },
  };
}

/** Removed and old entries would fill the memory of a partition that is always in use. */
function compact(own: Kept, options: EntryShelvesOptions): void {
  if (own.refreshedAt - own.compactedAt < compactEveryMs) return;
  own.compactedAt = own.refreshedAt;
  const { shelf } = own;
  const now = options.clock.now();
  const dead = shelf.countDead(now);
  if (dead < fewestDead || dead * 2 < shelf.size) return;
  own.shelf = createEntryShelf({ ...options, dimension: shelf.dimension });
  shelf.copyLiving(now, own.shelf);
}

function take(shelf: EntryShelf, row: EntryRow): void {
  const known = shelf.get(row.id);
  if (known) {
    known.removed ||= row.removed_at !== null;
    known.checks = Math.max(known.checks, row.checks);
    known.wrongChecks = Math.max(known.wrongChecks, row.wrong_checks);
    return;
  }
  if (row.removed_at !== null) return;
  shelf.add(
    {
      id: row.id,
      category: row.category,
      text: row.text,
      answerGroup: row.answer_group,
      strength: Number(row.strength),
      tags: JSON.parse(row.tags) as [string, number][],
      createdAt: Number(row.created_at),
      expiresAt: Number(row.expires_at),
      removed: false,
      checks: row.checks,
      wrongChecks: row.wrong_checks,
    },
    fromVectorColumns(row),
  );
}
