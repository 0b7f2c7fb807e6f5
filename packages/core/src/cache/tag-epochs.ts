import type { Clock } from "../limits/clock.ts";
import type { Store } from "../store/store.ts";
import type { SemanticTables } from "./semantic-tables.ts";

type Noted = [tag: string, epoch: number][];

/**
 * One generation for each tag. Raising it puts every entry written under an older one out of reach. Generations only
 * grow, by the clock: one that is forgotten and begun again is newer than all before it.
 */
export interface TagEpochs {
  /** What an entry written now notes down. */
  current(tags: readonly string[]): Noted;
  /** For {@link currentSince}: take it before a model is asked. */
  mark(): number;
  /** What the answer to a question asked at `mark` notes down; `undefined` when a tag has moved on meanwhile. */
  currentSince(mark: number, tags: readonly string[]): Noted | undefined;
  /** None of the tags has moved on since. */
  holds(noted: readonly (readonly [tag: string, epoch: number])[]): boolean;
  /** Resolves when it counts: here from now on, elsewhere from the next refresh. Throws what the store throws. */
  raise(tag: string): Promise<void>;
  /**
   * Reads what others have raised; at most once in `refreshMs`. Who comes while it is read waits for it, too. Throws what
   * the store throws, to whoever comes until it is tried again: what is not known must not pass for unchanged.
   */
  refresh(): Promise<void>;
}

/** No entry of any cache lives longer, or it would outlive the memory of what has made it wrong. */
export const longestLifeMs = 365 * 24 * 3_600_000;
/** Also covers how long an answer may be on its way. */
const rememberedMs = longestLifeMs + 24 * 3_600_000;
const forgetEveryMs = 3_600_000;
/** Clocks of two machines differ by less than this, and a change is written within it. */
const overlapMs = 60_000;

interface Generation {
  epoch: number;
  /** Position in the order in which this process has learned of changes. */
  learnedAs: number;
}

export function createTagEpochs(options: { store: Store<SemanticTables>; clock: Clock; refreshMs: number }): TagEpochs {
  return new StoredTagEpochs(options);
}

class StoredTagEpochs implements TagEpochs {
  readonly #store: Store<SemanticTables>;
  readonly #clock: Clock;
  readonly #refreshMs: number;
  readonly #generations = new Map<string, Generation>();
  #learned = 0;
  #refreshedAt = -Infinity;
  #forgotAt = -Infinity;
  #readTo = 0;
  #reading: Promise<void> | undefined;
  #failure: { thrown: unknown } | undefined;

  constructor({ store, clock, refreshMs }: Parameters<typeof createTagEpochs>[0]) {
    this.#store = store;
    this.#clock = clock;
    this.#refreshMs = refreshMs;
  }

  current(tags: readonly string[]): Noted {
    return [...new Set(tags)].map((tag) => [tag, this.#epochOf(tag)]);
  }

  mark(): number {
    return this.#learned;
  }

  currentSince(mark: number, tags: readonly string[]): Noted | undefined {
    const hasMoved = tags.some((tag) => (this.#generations.get(tag)?.learnedAs ?? 0) > mark);
    return hasMoved ? undefined : this.current(tags);
  }

  holds(noted: readonly (readonly [tag: string, epoch: number])[]): boolean {
    // Newer than what is known here: written by somebody who has seen a change that this process has not.
    return noted.every(([tag, epoch]) => this.#epochOf(tag) <= epoch);
  }

  async raise(tag: string): Promise<void> {
    const now = this.#clock.now();
    const row = await this.#store.db
      .insertInto("semantic_tags")
      .values({ tag, epoch: now, changed_at: now })
      .onConflict((conflict) =>
        conflict.column("tag").doUpdateSet(({ eb, ref }) => ({
          epoch: eb
            .case()
            .when("semantic_tags.epoch", "<", ref("excluded.epoch"))
            .then(ref("excluded.epoch"))
            .else(eb("semantic_tags.epoch", "+", 1))
            .end(),
          changed_at: now,
        })),
      )
      .returning("epoch")
      .executeTakeFirstOrThrow();
    this.#learn(tag, Number(row.epoch));
    await this.#forget();
  }

  async refresh(): Promise<void> {
    if (this.#reading) return await this.#reading;
    if (this.#clock.monotonic() - this.#refreshedAt < this.#refreshMs) {
      if (this.#failure) throw this.#failure.thrown;
      return;
    }
    this.#refreshedAt = this.#clock.monotonic();
    this.#failure = undefined;
    this.#reading = this.#read().finally(() => (this.#reading = undefined));
    try {
      await this.#reading;
    } catch (thrown) {
      this.#failure = { thrown };
      throw thrown;
    }
  }

  #epochOf(tag: string): number {
    return this.#generations.get(tag)?.epoch ?? 0;
  }

  #learn(tag: string, epoch: number): void {
    if (epoch > this.#epochOf(tag)) this.#generations.set(tag, { epoch, learnedAs: (this.#learned += 1) });
  }

  async #read(): Promise<void> {
    const startedAt = this.#clock.now();
    const rows = await this.#store.db
      .selectFrom("semantic_tags")
      .selectAll()
      .where("changed_at", ">=", this.#readTo - overlapMs)
      .execute();
    for (const { tag, epoch } of rows) this.#learn(tag, Number(epoch));
    this.#readTo = startedAt;
  }

  /** Generations that all entries have been written under. Only raising makes more of them. */
  async #forget(): Promise<void> {
    if (this.#clock.monotonic() - this.#forgotAt < forgetEveryMs) return;
    this.#forgotAt = this.#clock.monotonic();
    const before = this.#clock.now() - rememberedMs;
    await this.#store.db.deleteFrom("semantic_tags").where("changed_at", "<", before).execute();
    for (const [tag, { epoch }] of this.#generations) if (epoch < before) this.#generations.delete(tag);
  }
}
