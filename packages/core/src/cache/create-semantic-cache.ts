import { randomUUID } from "node:crypto";
import { abortReason } from "../limits/clock.ts";
import { narrowStore, type Store } from "../store/store.ts";
import { createAnswerGroups } from "./answer-groups.ts";
import { toByteVector } from "./byte-matrix.ts";
import { type CategoryBook, createCategoryBooks } from "./category-books.ts";
import { type EntryIndex, openEntryIndex } from "./entry-index.ts";
import { createEntryRows, type EntryRow, toVectorColumns } from "./entry-rows.ts";
import type { ShelfEntry } from "./entry-shelf.ts";
import { createWriteGatherer } from "./gather-writes.ts";
import { readSlots } from "./guard/slot-guard.ts";
import { findMatch, type Match, type Neighbour, neighbourCount } from "./match-score.ts";
import { createMovingEntries, type FindPartition } from "./move-entries.ts";
import { onceUnlessFailed } from "./once-unless-failed.ts";
import type { LookupOptions, MissReason, SemanticCache, SemanticLookup, SemanticQuestion } from "./semantic-cache.ts";
import type { SemanticCacheOptions } from "./semantic-cache-options.ts";
import type { SemanticTables } from "./semantic-tables.ts";
import { toCategoryStats, toEntry } from "./semantic-views.ts";
import { createTagEpochs, longestLifeMs } from "./tag-epochs.ts";

const hourMs = 3_600_000;
const sweepEveryWrites = 200;
/** Beyond these a use is not noted; age then decides what goes first. */
const maxTouched = 5_000;

interface Candidate extends Neighbour {
  entry: ShelfEntry;
}

/** What a look-up saw, for `learn`. */
interface Seen {
  match: Match<Candidate> | undefined;
  candidates: readonly Candidate[];
  /** Of the tags, before the model was asked. */
  mark: number;
}

export function createSemanticCache<Tables extends SemanticTables>(
  options: SemanticCacheOptions<Tables>,
): SemanticCache {
  return new StoredSemanticCache(options);
}

class StoredSemanticCache<Tables extends SemanticTables> implements SemanticCache {
  readonly #options: SemanticCacheOptions<Tables>;
  readonly #rows;
  readonly #openIndex: () => Promise<EntryIndex>;
  readonly #books;
  readonly #epochs;
  readonly #writes;
  readonly #groups;
  readonly #seen = new WeakMap<SemanticLookup, Seen>();
  readonly #touched = new Set<string>();
  #writesUntilSweep = sweepEveryWrites;

  constructor(options: SemanticCacheOptions<Tables>) {
    this.#options = options;
    const store: Store<SemanticTables> = narrowStore(options.store);
    const { clock, refreshMs = 1_000 } = options;
    this.#rows = createEntryRows(store);
    const defaults = { errorBudget: 0.01, ttlMs: 24 * hourMs, ...options.defaults };
    const random = options.random && { random: options.random };
    this.#books = createCategoryBooks({ store, clock, refreshMs, defaults, ...random });
    this.#epochs = options.epochs ?? createTagEpochs({ store, clock, refreshMs });
    const { createGraph, maxLoaded = 100_000 } = options;
    const kept = { store, rows: this.#rows, epochs: this.#epochs, refreshMs, maxLoaded, createGraph };
    this.#openIndex = onceUnlessFailed(() => openEntryIndex({ ...options, ...kept }));
    this.#groups = createAnswerGroups({ ...options, readValue: (entry) => this.#readValue(entry) });
    this.#writes = createWriteGatherer<EntryRow>({ clock, write: (rows) => this.#write(rows) });
  }

  async lookup(question: SemanticQuestion, options: LookupOptions): Promise<SemanticLookup> {
    const { signal } = options;
    if (signal?.aborted) throw abortReason(signal);
    try {
      return await this.#look(question, options);
    } catch (error) {
      if (signal?.aborted) throw abortReason(signal);
      this.#options.log.warn({ err: error }, "semantic cache not readable");
      return { kind: "miss", reason: "empty" };
    }
  }

  async #look(question: SemanticQuestion, options: LookupOptions): Promise<SemanticLookup> {
    const [index, book] = await Promise.all([
      this.#openIndex(),
      this.#books.open(question.category),
      this.#epochs.refresh(),
    ]);
    const mark = this.#epochs.mark();
    const { near, stale } = await index.nearest(question, neighbourCount);
    const candidates = near.map(({ entry, similarity }): Candidate => {
      const servable = options.allowWeaker === true || entry.strength >= options.strength;
      return { entry, similarity, servable, answerGroup: entry.answerGroup, slots: entry.slots };
    });
    const match = findMatch(readSlots(question.text), candidates);
    const found = await this.#decide({ question, options, book, match, stale });
    book.count(found.kind === "hit");
    this.#seen.set(found, { match, candidates, mark });
    return found;
  }

  async #decide(look: {
    question: SemanticQuestion;
    options: LookupOptions;
    book: CategoryBook;
    match: Match<Candidate> | undefined;
    stale: boolean;
  }): Promise<SemanticLookup> {
    const { question, options, book, match, stale } = look;
    if (match?.kind !== "match") {
      book.learned.observe(undefined);
      if (!match) return { kind: "miss", reason: stale ? "stale" : "empty" };
      const nearest = { entryId: match.neighbour.entry.id, score: match.score };
      return { kind: "miss", reason: match.slot === undefined ? "weaker" : "guard", nearest };
    }
    const { entry } = match.neighbour;
    const { score } = match;
    const miss = (reason: MissReason): SemanticLookup => ({
      kind: "miss",
      reason,
      nearest: { entryId: entry.id, score },
    });
    book.learned.observe(score);
    const record = { checks: entry.checks, wrong: entry.wrongChecks };
    const { serve, check } = book.learned.decide(score, record, options.errorBudget);
    if (!serve) return miss(book.learned.calibrated ? "below_threshold" : "not_calibrated");
    const { verify } = this.#options;
    if (verify && !(await verify(question.text, entry.text, options))) return miss("refused");
    const value = await this.#readValue(entry);
    // What was invalidated while the second model read, or the store, is out of reach, too.
    if (value === undefined || !this.#epochs.holds(entry.tags)) return { kind: "miss", reason: "stale" };
    if (this.#touched.size < maxTouched) this.#touched.add(entry.id);
    const ageMs = Math.max(0, this.#options.clock.now() - entry.createdAt);
    return { kind: "hit", entryId: entry.id, value, score, ageMs, strength: entry.strength, check };
  }

  /** From the store each time: so an entry that another process has evicted is not served, not even once. */
  async #readValue(entry: ShelfEntry): Promise<string | undefined> {
    const row = this.#writes.get(entry.id) ?? (await this.#rows.find(entry.id));
    entry.removed ||= row === undefined;
    return row?.value;
  }

  async learn(question: SemanticQuestion, found: SemanticLookup, answer: Parameters<SemanticCache["learn"]>[2]) {
    try {
      return await this.#learn(question, found, answer);
    } catch (error) {
      this.#options.log.warn({ err: error }, "semantic cache not writable");
      return undefined;
    }
  }

  async #learn(question: SemanticQuestion, found: SemanticLookup, answer: Parameters<SemanticCache["learn"]>[2]) {
    const seen = this.#seen.get(found);
    this.#seen.delete(found);
    const tags = this.#noteTags(seen, answer.tags ?? []);
    const match = seen?.match;
    const same = match && (await this.#groups.saysTheSame(answer.value, match.neighbour.entry));
    if (match?.kind === "match" && same !== undefined) {
      const { entry } = match.neighbour;
      entry.checks += 1;
      entry.wrongChecks += same ? 0 : 1;
      const check = { score: match.score, correct: same, served: found.kind === "hit" };
      await this.#books.record(question.category, check);
      await this.#rows.addCheck(entry.id, same, this.#options.clock.now());
    }
    if (same === true && match?.neighbour.entry.text === question.text) return match.neighbour.entry.id;
    const answerGroup =
      same === true && match
        ? match.neighbour.answerGroup
        : await this.#groups.find(answer.value, seen?.candidates ?? [], match?.neighbour.answerGroup);
    return tags && (await this.#store(question, { ...answer, tags }, answerGroup));
  }

  /** As they were when the model was asked. An answer that was on its way while one of them moved on is not kept. */
  #noteTags(seen: Seen | undefined, tags: readonly string[]): ShelfEntry["tags"] | undefined {
    if (tags.length === 0) return [];
    return seen && this.#epochs.currentSince(seen.mark, tags);
  }

  async #store(
    question: SemanticQuestion,
    answer: Omit<Parameters<SemanticCache["learn"]>[2], "tags"> & Pick<ShelfEntry, "tags">,
    answerGroup: string,
  ) {
    const { clock } = this.#options;
    const index = await this.#openIndex();
    const book = await this.#books.open(question.category);
    const ttlMs = Math.min(answer.ttlMs ?? Infinity, book.ttlMs, longestLifeMs);
    const bytes = Buffer.byteLength(answer.value) + Buffer.byteLength(question.text) + question.vector.length * 2;
    if (ttlMs <= 0 || Buffer.byteLength(answer.value) > (this.#options.maxEntryBytes ?? 256 * 1024)) return undefined;
    const now = clock.now();
    const vector = toByteVector(question.vector);
    const id = randomUUID();
    const { partition, category, text, modelId } = question;
    const shared = { id, category, text, strength: answer.strength };
    const times = { created_at: now, expires_at: now + ttlMs, last_used_at: now, changed_at: now, removed_at: null };
    const written = this.#writes.add(id, {
      ...shared,
      ...times,
      ...toVectorColumns(vector),
      partition,
      model_id: modelId,
      value: answer.value,
      answer_group: answerGroup,
      tags: JSON.stringify(answer.tags),
      bytes,
      checks: 0,
      wrong_checks: 0,
    });
    if (!written) return undefined;
    const fresh = { createdAt: now, expiresAt: now + ttlMs, removed: false, checks: 0, wrongChecks: 0 };
    const entry = { ...shared, ...fresh, answerGroup, tags: answer.tags };
    await Promise.all([index.add(question, entry, vector), written]);
    return id;
  }

  async #write(rows: readonly EntryRow[]): Promise<void> {
    await this.#rows.insert(rows);
    await (await this.#openIndex()).written(rows);
    this.#writesUntilSweep -= rows.length;
    if (this.#writesUntilSweep > 0) return;
    this.#writesUntilSweep = sweepEveryWrites;
    await this.sweep();
  }

  async judge(entryId: string, { score, correct }: { score: number; correct: boolean }): Promise<boolean> {
    await this.#writes.settled();
    const row = await this.#rows.find(entryId);
    if (!row) return false;
    await this.#books.record(row.category, { score, correct, served: true });
    await this.#rows.addCheck(entryId, correct, this.#options.clock.now());
    if (!correct) await this.evict(entryId);
    return true;
  }

  async invalidate(tag: string): Promise<void> {
    await this.#epochs.raise(tag);
  }

  async configure(category: string, settings: Parameters<SemanticCache["configure"]>[1]): Promise<void> {
    await this.#books.configure(category, settings);
  }

  async stats() {
    const [books, entries] = await Promise.all([
      this.#books.all(),
      this.#rows.countByCategory(this.#options.clock.now()),
    ]);
    return [...books].map(([category, book]) => toCategoryStats(category, book, entries.get(category) ?? 0));
  }

  async searchedIn() {
    return (await this.#openIndex()).place;
  }

  async find(entryId: string) {
    await this.#writes.settled();
    const row = await this.#rows.find(entryId);
    return row && toEntry(row);
  }

  async evict(entryId: string): Promise<boolean> {
    return (await this.#remove({ id: entryId })) > 0;
  }

  async clear(scope: { category?: string; partition?: string } = {}): Promise<number> {
    return await this.#remove(scope);
  }

  async #remove(where: { id?: string; category?: string; partition?: string }): Promise<number> {
    await this.#writes.settled();
    const removed = await this.#rows.remove(where, this.#options.clock.now());
    (await this.#openIndex()).expire();
    return removed;
  }

  outdated(findPartition: FindPartition) {
    const moved = async (rows: readonly EntryRow[]) => await (await this.#openIndex()).written(rows);
    return createMovingEntries({ rows: this.#rows, clock: this.#options.clock, findPartition, moved });
  }

  async sweep(): Promise<void> {
    const now = this.#options.clock.now();
    const used = [...this.#touched];
    this.#touched.clear();
    await this.#rows.markUsed(used, now);
    await this.#books.save();
    const { maxEntries = 100_000, maxBytes = 2 ** 30 } = this.#options;
    await this.#rows.sweep({ before: now, maxEntries, maxBytes, now });
  }

  async close(): Promise<void> {
    await this.#writes.settled();
    await this.#rows.markUsed(this.#touched, this.#options.clock.now());
    await this.#books.save();
    await (await this.#openIndex()).close();
  }
}
