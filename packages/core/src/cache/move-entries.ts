import type { ReembedPort } from "../embed/reembed.ts";
import type { Clock } from "../limits/clock.ts";
import { toByteVector } from "./byte-matrix.ts";
import { type EntryRow, type EntryRows, toVectorColumns } from "./entry-rows.ts";

/** Where an entry belongs once its vector is of this model; `undefined`: it stays where it is. */
export type FindPartition = (entry: { partition: string; modelId: string }, modelId: string) => string | undefined;

interface MoveEntriesOptions {
  rows: EntryRows;
  clock: Clock;
  findPartition: FindPartition;
  /** These lie elsewhere now. */
  moved(rows: readonly EntryRow[]): Promise<void>;
}

/**
 * Entries of other embedding models, for `startReembedding`. They keep their ids, so that what people say of an answer
 * still finds its entry.
 */
export function createMovingEntries({ rows, clock, findPartition, moved }: MoveEntriesOptions): ReembedPort {
  return {
    findOutdated: (modelId, page) => rows.findOutdated(modelId, { ...page, now: clock.now() }),
    async keep(kept, modelId) {
      const changes: EntryRow[] = [];
      for (const { id, vector } of kept) {
        const row = await rows.find(id);
        const partition = row && findPartition({ partition: row.partition, modelId: row.model_id }, modelId);
        if (!row || partition === undefined || row.model_id === modelId) continue;
        const columns = toVectorColumns(toByteVector(vector));
        const change = { ...row, ...columns, partition, model_id: modelId, changed_at: clock.now() };
        if (await rows.move(change, row.model_id)) changes.push(change);
      }
      if (changes.length > 0) await moved(changes);
    },
  };
}
