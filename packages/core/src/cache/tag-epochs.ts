import type { Clock } from "../limits/clock.ts";
import type { Store } from "../store/store.ts";
import type { SemanticTables } from "./semantic-tables.ts";

/** One generation number for each tag. Raising it puts every entry written under an older one out of reach. */
export interface TagEpochs {
  /** What an entry written now notes down. */
  current(tags: readonly string[]): [tag: string, epoch: number][];
  /** None of the tags has moved on since. */
  holds(noted: readonly (readonly [tag: string, epoch: number])[]): boolean;
  /** At once here, at the next refresh elsewhere. */
  raise(tag: string): Promise<void>;
  /** Reads what others have raised; at most once in `refreshMs`. */
  refresh(): Promise<void>;
}

export function createTagEpochs(options: { store: Store<SemanticTables>; clock: Clock; refreshMs: number }): TagEpochs {
  const { store, clock, refreshMs } = options;
  const epochs = new Map<string, number>();
  let refreshedAt = -Infinity;
  let readTo = 0;
  /** Clocks of two machines differ by less than this. */
  const overlapMs = 5_000;

  async function read(): Promise<void> {
    const startedAt = clock.now();
    const rows = await store.db
      .selectFrom("semantic_tags")
      .selectAll()
      .where("changed_at", ">=", readTo - overlapMs)
      .execute();
    for (const row of rows) {
      epochs.set(row.tag, Math.max(epochs.get(row.tag) ?? 0, Number(row.epoch)));
    }
    readTo = startedAt;
  }

  return {
    current: (tags) => [...new Set(tags)].map((tag) => [tag, epochs.get(tag) ?? 0]),
    holds: (noted) => noted.every(([tag, epoch]) => (epochs.get(tag) ?? 0) === epoch),
    async raise(tag) {
      epochs.set(tag, (epochs.get(tag) ?? 0) + 1);
      const now = clock.now();
      await store.db
        .insertInto("semantic_tags")
        .values({ tag, epoch: epochs.get(tag) ?? 1, changed_at: now })
        .onConflict((conflict) =>
          conflict.column("tag").doUpdateSet((row) => ({
            epoch: row("semantic_tags.epoch", "+", 1),
            changed_at: now,
          })),
        )
        .execute();
      await read();
    },
    async refresh() {
      if (clock.monotonic() - refreshedAt < refreshMs) return;
      refreshedAt = clock.monotonic();
      await read();
    },
  };
}
