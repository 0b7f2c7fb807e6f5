import { createHash } from "node:crypto";
import type { Clock } from "@sophia/core/limits/clock";
import type { Store } from "@sophia/core/store/store";
import type { Kysely, Transaction } from "kysely";
import type { FeedEntry } from "../feeds/parse-feed.ts";
import type { WatchEntryRow, WatchTables } from "./watch-tables.ts";

/** What a source says of an entry. */
export type EntryText = Pick<FeedEntry, "url" | "title" | "author" | "summary">;

export interface FoundEntry extends EntryText {
  /** Changes when a reader would want to know. */
  contentHash: string;
  id: string;
  publishedAt: number | null;
  /** Where it is stored already. */
  documentId?: string;
}

export interface KeptEntry extends EntryText {
  key: string;
  sequence: number;
  state: "new" | "changed";
  sourceUrl: string;
  publishedAt: number | null;
  foundAt: number;
  documentId: string | null;
}

/** What watches found, each entry once, in the order it was found. */
export interface EntryStore {
  /** Notes what is new or has changed, the newest last. Returns how many. */
  record(watchId: string, sourceUrl: string, entries: readonly FoundEntry[]): Promise<number>;
  /**
   * What the caller has not been given yet, oldest first, at most `limit`; from then on it counts as given. `after`
   * reads from a place instead, `again` repeats the last answer.
   */
  take(watchId: string, caller: string, from: { limit: number; after?: number; again?: boolean }): Promise<Taken>;
  /** Entries whose page is not stored yet, newest first. */
  listUnstored(watchId: string, limit: number): Promise<KeptEntry[]>;
  noteStored(watchId: string, key: string, documentId: string): Promise<void>;
  /** True when it is not to be tried again. */
  noteTry(watchId: string, key: string): Promise<boolean>;
  /** Takes the words of erased documents out, and the oldest entries when there are too many. */
  tidy(watchId: string): Promise<void>;
}

export interface Taken {
  entries: KeptEntry[];
  /** How many more wait. */
  waiting: number;
}

/** More than ten feeds of 200 entries list at a time: what a feed still lists must be known. */
const maxEntries = 5_000;
const maxTries = 3;
const rowsPerInsert = 200;

export function createEntryStore({ store, clock }: { store: Store<WatchTables>; clock: Clock }): EntryStore {
  const { db } = store;
  const update = (watchId: string, key: string) =>
    db.updateTable("data_watch_entries").where("watch_id", "=", watchId).where("entry_key", "=", key);

  return {
    record: (watchId, sourceUrl, entries) =>
      store.transaction((tx) => recordIn(tx, { watchId, sourceUrl, entries, now: clock.now() })),
    take: (watchId, caller, from) => takeNew(db, { watchId, caller, ...from }),
    async listUnstored(watchId, limit) {
      const rows = await db
        .selectFrom("data_watch_entries")
        .selectAll()
        .where("watch_id", "=", watchId)
        .where("is_stored", "=", 0)
        .where("tries", "<", maxTries)
        .orderBy("sequence", "desc")
        .limit(limit)
        .execute();
      return rows.map(toEntry).filter(({ url }) => url !== null);
    },
    async noteStored(watchId, key, documentId) {
      await update(watchId, key).set({ document_id: documentId, is_stored: 1 }).execute();
    },
    async noteTry(watchId, key) {
      const row = await update(watchId, key)
        .set((set) => ({ tries: set("tries", "+", 1) }))
        .returning("tries")
        .executeTakeFirst();
      return row !== undefined && row.tries >= maxTries;
    },
    tidy: (watchId) => tidyEntries(db, watchId),
  };
}

interface Place {
  watchId: string;
  after: number;
  limit: number;
}

async function listAfter(db: Kysely<WatchTables>, { watchId, after, limit }: Place): Promise<Taken> {
  const rows = await db
    .selectFrom("data_watch_entries")
    .selectAll()
    .where("watch_id", "=", watchId)
    .where("sequence", ">", after)
    .where((where) => where.or([where("is_stored", "=", 0), where("document_id", "is not", null)]))
    .orderBy("sequence")
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  if (rows.length <= limit) return { entries: shown.map(toEntry), waiting: 0 };
  const { number } = await db
    .selectFrom("data_watch_entries")
    .select((count) => count.fn.countAll<number>().as("number"))
    .where("watch_id", "=", watchId)
    .where("sequence", ">", shown.at(-1)?.sequence ?? after)
    .executeTakeFirstOrThrow();
  return { entries: shown.map(toEntry), waiting: Number(number) };
}

async function takeNew(
  db: Kysely<WatchTables>,
  {
    watchId,
    caller,
    limit,
    after,
    again = false,
  }: { watchId: string; caller: string; limit: number; after?: number; again?: boolean },
): Promise<Taken> {
  const reader = await db
    .selectFrom("data_watch_readers")
    .selectAll()
    .where("watch_id", "=", watchId)
    .where("caller", "=", caller)
    .executeTakeFirst();
  const seen = reader?.sequence ?? 0;
  const from = after ?? (again ? (reader?.previous_sequence ?? 0) : seen);
  const taken = await listAfter(db, { watchId, after: from, limit });
  const last = taken.entries.at(-1)?.sequence;
  if (last !== undefined) {
    await db
      .updateTable("data_watch_readers")
      .set({ sequence: Math.max(seen, last), previous_sequence: from })
      .where("watch_id", "=", watchId)
      .where("caller", "=", caller)
      .execute();
  }
  return taken;
}

async function tidyEntries(db: Kysely<WatchTables>, watchId: string): Promise<void> {
  await db
    .updateTable("data_watch_entries")
    .set({ body: "{}" })
    .where("watch_id", "=", watchId)
    .where("is_stored", "=", 1)
    .where("document_id", "is", null)
    .execute();
  const oldest = await db
    .selectFrom("data_watch_entries")
    .select("sequence")
    .where("watch_id", "=", watchId)
    .orderBy("sequence", "desc")
    .offset(maxEntries)
    .limit(1)
    .executeTakeFirst();
  if (!oldest) return;
  await db
    .deleteFrom("data_watch_entries")
    .where("watch_id", "=", watchId)
    .where("sequence", "<=", oldest.sequence)
    .execute();
}

interface NewEntries {
  watchId: string;
  sourceUrl: string;
  entries: readonly FoundEntry[];
  now: number;
}

async function recordIn(
  tx: Transaction<WatchTables>,
  { watchId, sourceUrl, entries, now }: NewEntries,
): Promise<number> {
  const found = new Map(entries.map((entry) => [toKey(sourceUrl, entry.id), entry]));
  if (found.size === 0) return 0;
  // First, since it makes a second check of the same watch wait until this one is through.
  const watch = await tx
    .updateTable("data_watches")
    .set((set) => ({ last_sequence: set("last_sequence", "+", found.size) }))
    .where("id", "=", watchId)
    .returning("last_sequence")
    .executeTakeFirst();
  // The last reader has left meanwhile.
  if (!watch) return 0;
  const known = await tx
    .selectFrom("data_watch_entries")
    .select(["entry_key", "content_hash"])
    .where("watch_id", "=", watchId)
    .where("entry_key", "in", [...found.keys()])
    .execute();
  const hashes = new Map(known.map((row) => [row.entry_key, row.content_hash]));
  const fresh = [...found]
    .filter(([key, entry]) => hashes.get(key) !== entry.contentHash)
    .toSorted(([, left], [, right]) => (left.publishedAt ?? 0) - (right.publishedAt ?? 0));
  const first = watch.last_sequence - found.size + 1;
  const rows = fresh.map(([key, entry], index) => ({
    watch_id: watchId,
    entry_key: key,
    sequence: first + index,
    state: hashes.has(key) ? ("changed" as const) : ("new" as const),
    source_url: sourceUrl,
    content_hash: entry.contentHash,
    body: JSON.stringify(toText(entry)),
    published_at: entry.publishedAt,
    found_at: now,
    document_id: entry.documentId ?? null,
    is_stored: entry.documentId === undefined ? 0 : 1,
    tries: 0,
  }));
  const changed = rows.filter(({ state }) => state === "changed").map(({ entry_key: key }) => key);
  if (changed.length > 0) {
    await tx
      .deleteFrom("data_watch_entries")
      .where("watch_id", "=", watchId)
      .where("entry_key", "in", changed)
      .execute();
  }
  for (let start = 0; start < rows.length; start += rowsPerInsert) {
    await tx
      .insertInto("data_watch_entries")
      .values(rows.slice(start, start + rowsPerInsert))
      .execute();
  }
  return rows.length;
}

function toKey(sourceUrl: string, id: string): string {
  return createHash("sha256").update(`${sourceUrl}\n${id}`).digest("hex");
}

function toText({ url, title, author, summary }: EntryText): EntryText {
  return { url, title, author, summary };
}

function toEntry(row: WatchEntryRow): KeptEntry {
  // The column holds what `recordIn` wrote, or nothing.
  const { url = null, title = null, author = null, summary = "" } = JSON.parse(row.body) as Partial<EntryText>;
  return {
    url,
    title,
    author,
    summary,
    key: row.entry_key,
    sequence: row.sequence,
    state: row.state,
    sourceUrl: row.source_url,
    publishedAt: row.published_at,
    foundAt: row.found_at,
    documentId: row.document_id,
  };
}
