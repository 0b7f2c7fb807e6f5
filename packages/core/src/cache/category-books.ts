import { randomUUID } from "node:crypto";
import type { Clock } from "../limits/clock.ts";
import type { Store } from "../store/store.ts";
import { createErrorBudget, type ErrorBudget } from "./error-budget.ts";
import type { CategorySettings } from "./semantic-cache.ts";
import type { SemanticTables } from "./semantic-tables.ts";

/** What is set and learned for one category. */
export interface CategoryBook {
  readonly errorBudget: number;
  readonly ttlMs: number;
  readonly learned: ErrorBudget;
  readonly requests: number;
  readonly hits: number;
  readonly checks: number;
  readonly wrongChecks: number;
  /** A request was looked up here, and served or not. */
  count(hit: boolean): void;
}

/** The categories' books; checks made by other processes are learned from too. */
export interface CategoryBooks {
  open(category: string): Promise<CategoryBook>;
  record(category: string, check: { score: number; correct: boolean; served: boolean }): Promise<void>;
  configure(category: string, settings: CategorySettings): Promise<void>;
  all(): Promise<Map<string, CategoryBook>>;
  /** Adds requests and hits to the table and forgets checks beyond the newest few thousand. */
  save(): Promise<void>;
}

export interface CategoryBooksOptions {
  store: Store<SemanticTables>;
  clock: Clock;
  refreshMs: number;
  defaults: { errorBudget: number; ttlMs: number };
  random?: () => number;
}

interface OwnBook extends CategoryBook {
  errorBudget: number;
  ttlMs: number;
  requests: number;
  hits: number;
  checks: number;
  wrongChecks: number;
  unsaved: { requests: number; hits: number };
  readTo: number;
  seen: Set<string>;
  refreshedAt: number;
  reading: Promise<void> | undefined;
}

/** More are forgotten anyway. */
const keptChecks = 5_000;
const overlapMs = 5_000;
/** A category per conversation would be no category; beyond this the least used in memory go. */
const maxOpen = 2_000;

export function createCategoryBooks(options: CategoryBooksOptions): CategoryBooks {
  const { store, clock } = options;
  const { db } = store;
  const books = new Map<string, OwnBook>();

  function create(): OwnBook {
    const book: Omit<OwnBook, "learned"> = {
      ...options.defaults,
      requests: 0,
      hits: 0,
      checks: 0,
      wrongChecks: 0,
      unsaved: { requests: 0, hits: 0 },
      readTo: 0,
      seen: new Set(),
      refreshedAt: -Infinity,
      reading: undefined,
      count(hit) {
        for (const counted of [own, own.unsaved]) {
          counted.requests += 1;
          counted.hits += hit ? 1 : 0;
        }
      },
    };
    const random = options.random && { random: options.random };
    const learned = createErrorBudget({ budget: () => own.errorBudget, ...random });
    const own: OwnBook = Object.assign(book, { learned });
    return own;
  }

  async function read(category: string, book: OwnBook): Promise<void> {
    const settings = await db
      .selectFrom("semantic_categories")
      .selectAll()
      .where("category", "=", category)
      .executeTakeFirst();
    book.errorBudget = settings?.error_budget ?? options.defaults.errorBudget;
    book.ttlMs = settings?.ttl_ms === null || settings === undefined ? options.defaults.ttlMs : Number(settings.ttl_ms);
    if (book.refreshedAt === -Infinity && settings) {
      book.requests += Number(settings.requests);
      book.hits += Number(settings.hits);
    }
    const checks = await db
      .selectFrom("semantic_checks")
      .selectAll()
      .where("category", "=", category)
      .where("created_at", ">=", book.readTo - overlapMs)
      .orderBy("created_at", "desc")
      .limit(keptChecks)
      .execute();
    for (const check of checks.toReversed()) {
      book.readTo = Math.max(book.readTo, Number(check.created_at));
      if (book.seen.has(check.id)) continue;
      learn(book, check.id, { score: check.score, correct: check.correct === 1, served: check.served === 1 });
    }
    book.refreshedAt = clock.monotonic();
  }

  function learn(book: OwnBook, id: string, check: { score: number; correct: boolean; served: boolean }): void {
    book.seen.add(id);
    if (book.seen.size > keptChecks * 2) book.seen = new Set([...book.seen].slice(-keptChecks));
    book.learned.record(check.score, check.correct, check.served);
    book.checks += 1;
    book.wrongChecks += check.correct ? 0 : 1;
  }

  async function open(category: string): Promise<OwnBook> {
    const book = books.get(category) ?? create();
    books.delete(category);
    books.set(category, book);
    if (clock.monotonic() - book.refreshedAt < options.refreshMs) return book;
    book.reading ??= read(category, book).finally(() => {
      book.reading = undefined;
    });
    await book.reading;
    return book;
  }

  async function saveOne(category: string, { unsaved }: OwnBook): Promise<void> {
    const { requests, hits } = unsaved;
    if (requests === 0 && hits === 0) return;
    unsaved.requests = 0;
    unsaved.hits = 0;
    const changed_at = clock.now();
    await db
      .insertInto("semantic_categories")
      .values({ category, error_budget: null, ttl_ms: null, requests, hits, changed_at })
      .onConflict((conflict) =>
        conflict.column("category").doUpdateSet((row) => ({
          requests: row("semantic_categories.requests", "+", requests),
          hits: row("semantic_categories.hits", "+", hits),
          changed_at,
        })),
      )
      .execute();
  }

  return {
    open,
    async record(category, check) {
      const book = await open(category);
      const id = randomUUID();
      learn(book, id, check);
      const { score } = check;
      const flags = { correct: check.correct ? 1 : 0, served: check.served ? 1 : 0 };
      await db
        .insertInto("semantic_checks")
        .values({ id, category, score, ...flags, created_at: clock.now() })
        .execute();
    },
    async configure(category, { errorBudget, ttlMs }) {
      const book = await open(category);
      const changed_at = clock.now();
      const changes = {
        ...(errorBudget !== undefined && { error_budget: errorBudget }),
        ...(ttlMs !== undefined && { ttl_ms: ttlMs }),
        changed_at,
      };
      await db
        .insertInto("semantic_categories")
        .values({ category, error_budget: null, ttl_ms: null, requests: 0, hits: 0, ...changes })
        .onConflict((conflict) => conflict.column("category").doUpdateSet(changes))
        .execute();
      book.errorBudget = errorBudget ?? book.errorBudget;
      book.ttlMs = ttlMs ?? book.ttlMs;
    },
    async all() {
      const known = await db.selectFrom("semantic_categories").select("category").limit(maxOpen).execute();
      const names = new Set([...books.keys(), ...known.map((row) => row.category)]);
      const opened = new Map<string, CategoryBook>();
      for (const category of names) opened.set(category, await open(category));
      return opened;
    },
    async save() {
      for (const [category, book] of books) {
        await saveOne(category, book);
        const oldest = await db
          .selectFrom("semantic_checks")
          .select("created_at")
          .where("category", "=", category)
          .orderBy("created_at", "desc")
          .offset(keptChecks)
          .limit(1)
          .executeTakeFirst();
        if (oldest) {
          await db
            .deleteFrom("semantic_checks")
            .where("category", "=", category)
            .where("created_at", "<=", Number(oldest.created_at))
            .execute();
        }
      }
      for (const category of [...books.keys()].slice(0, Math.max(0, books.size - maxOpen))) books.delete(category);
    },
  };
}
