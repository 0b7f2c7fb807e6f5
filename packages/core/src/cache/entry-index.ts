import type { Logger } from "pino";
import type { Store } from "../store/store.ts";
import type { ByteVector } from "./byte-matrix.ts";
import { createDatabaseIndex } from "./database-index.ts";
import type { EntryRow } from "./entry-rows.ts";
import type { ShelfEntry } from "./entry-shelf.ts";
import { createEntryShelves, type EntryShelvesOptions } from "./entry-shelves.ts";
import type { SemanticQuestion } from "./semantic-cache.ts";
import type { SemanticTables } from "./semantic-tables.ts";
import type { TagEpochs } from "./tag-epochs.ts";
import { openVectorRows } from "./vector-rows.ts";

/** What is near a question. */
export interface NearEntries {
  /** Best first; all of them may be served as far as time, tags and removal go. */
  near: { entry: ShelfEntry; similarity: number }[];
  /** There are entries of this category whose time is over or whose tags have moved on. */
  stale: boolean;
}

/** Where the nearest entries are looked for: in this process's memory, or in the database. */
export interface EntryIndex {
  readonly place: "memory" | "pgvector";
  /** Throws what the store throws. */
  nearest(question: SemanticQuestion, count: number): Promise<NearEntries>;
  /** A fresh entry, found here from now on; its row is written by somebody else. */
  add(question: SemanticQuestion, entry: Omit<ShelfEntry, "slots">, vector: ByteVector): Promise<void>;
  /** Their rows are written. */
  written(rows: readonly EntryRow[]): Promise<void>;
  /** Entries were removed: what was read before counts no more. */
  expire(): void;
  close(): Promise<void>;
}

export interface EntryIndexOptions extends EntryShelvesOptions {
  store: Store<SemanticTables>;
  epochs: TagEpochs;
  log: Logger;
}

/** PostgreSQL searches by itself where it has pgvector. Everywhere else, vectors are searched in memory. */
export async function openEntryIndex(options: EntryIndexOptions): Promise<EntryIndex> {
  const vectors = options.store.engine === "postgres" ? await openVectorRows(options) : undefined;
  return vectors ? createDatabaseIndex({ ...options, vectors }) : createMemoryIndex(options);
}

function createMemoryIndex(options: EntryIndexOptions): EntryIndex {
  const { clock, epochs } = options;
  const shelves = createEntryShelves(options);
  const open = ({ partition, modelId, vector }: SemanticQuestion) =>
    shelves.open({ partition, modelId, dimension: vector.length });
  return {
    place: "memory",
    async nearest(question, count) {
      const shelf = await open(question);
      const now = clock.now();
      let stale = false;
      // Asked of each entry while searching: what is too old must not take the places of what is not.
      const isUsable = (entry: ShelfEntry): boolean => {
        if (entry.category !== question.category) return false;
        const holds = entry.expiresAt > now && epochs.holds(entry.tags);
        stale ||= !holds;
        return holds;
      };
      return { near: shelf.nearest(question.vector, count, isUsable), stale };
    },
    async add(question, entry, vector) {
      (await open(question)).add(entry, vector);
    },
    written: async () => {},
    expire: () => shelves.expire(),
    close: async () => {},
  };
}
