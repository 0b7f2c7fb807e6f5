import type { Clock } from "../limits/clock.ts";

/** Rows that come together are written together: one durable write costs as much as a hundred rows in it. */
export interface WriteGatherer<Row> {
  /** Resolves when the row is durable; rejects with what the write threw. `undefined` when too many wait already. */
  add(id: string, row: Row): Promise<void> | undefined;
  /** A row that is not written yet. */
  get(id: string): Row | undefined;
  /** Resolves when everything added so far has been written. */
  settled(): Promise<void>;
}

export interface GatherOptions<Row> {
  clock: Clock;
  write(rows: readonly Row[]): Promise<void>;
  /** Told of each write that failed, whose rows then count as settled. Without it `add` rejects. */
  onError?(error: unknown): void;
  /** Default 5 ms. */
  gatherMs?: number;
  /** Default 500. */
  maxWaiting?: number;
}

export function createWriteGatherer<Row>(options: GatherOptions<Row>): WriteGatherer<Row> {
  const { clock, gatherMs = 5, maxWaiting = 500 } = options;
  const waiting = new Map<string, Row>();
  /** The write that still takes rows, and the newest one. */
  let open: Promise<void> | undefined;
  let newest: Promise<void> = Promise.resolve();

  async function write(before: Promise<void>): Promise<void> {
    await Promise.all([before.catch(() => {}), clock.sleep(gatherMs)]);
    open = undefined;
    const batch = [...waiting];
    try {
      await options.write(batch.map(([, row]) => row));
    } catch (error) {
      if (!options.onError) throw error;
      options.onError(error);
    } finally {
      for (const [id, row] of batch) if (waiting.get(id) === row) waiting.delete(id);
    }
  }

  return {
    add(id, row) {
      if (waiting.size >= maxWaiting) return undefined;
      waiting.set(id, row);
      if (!open) {
        open = write(newest);
        newest = open;
      }
      return open;
    },
    get: (id) => waiting.get(id),
    settled: () => newest.catch(() => {}),
  };
}
