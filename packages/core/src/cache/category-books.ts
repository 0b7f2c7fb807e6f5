import { randomUUID } from "node:crypto";
import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Store } from "../store/store.ts";
import { createWriteGatherer } from "./gather-writes.ts";
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

interface Check {
  score: number;
  correct: boolean;
  /** The answer had been given to somebody. */
  served: boolean;
}

/** The categories' books; checks made by other processes are learned from too. */
export interface CategoryBooks {
  open(category: string): Promise<CategoryBook>;
  record(category: string, check: Check): Promise<void>;
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
  return new StoredCategoryBooks(options);
}

class StoredCategoryBooks implements CategoryBooks {
  readonly #options: CategoryBooksOptions;
  readonly #books = new Map<string, OwnBook>();
  readonly #checks;

  constructor(options: CategoryBooksOptions) {
    this.#options = options;
    const { clock, store } = options;
    this.#checks = createWriteGatherer<SemanticTables["semantic_checks"]>({
      clock,
      write: async (rows) =>
        void (await store.db
          .insertInto("semantic_checks")
          .values([...rows])
          .execute()),
    });
  }

  async open(category: string): Promise<OwnBook> {
    const { clock, refreshMs } = this.#options;
    const book = this.#books.get(category) ?? createBook(this.#options);
    this.#books.delete(category);
    this.#books.set(category, book);
    this.#forgetLeastUsed();
    if (clock.monotonic() - book.refreshedAt < refreshMs) return book;
    book.reading ??= this.#read(category, book).finally(() => {
      book.reading = undefined;
    });
    await book.reading;
    return book;
  }

  async #read(category: string, book: OwnBook): Promise<void> {
    const { store, clock, defaults } = this.#options;
    const startedAt = clock.now();
    const settings = await store.db
      .selectFrom("semantic_categories")
      .selectAll()
      .where("category", "=", category)
      .executeTakeFirst();
    const ttlMs = settings?.ttl_ms ?? undefined;
    book.errorBudget = settings?.error_budget ?? defaults.errorBudget;
    book.ttlMs = ttlMs === undefined ? defaults.ttlMs : Number(ttlMs);
    if (book.refreshedAt === -Infinity && settings) {
      book.requests += Number(settings.requests);
      book.hits += Number(settings.hits);
    }
    const checks = await store.db
      .selectFrom("semantic_checks")
      .selectAll()
      .where("category", "=", category)
      .where("created_at", ">=", book.readTo - overlapMs)
      .orderBy("created_at", "desc")
      .limit(keptChecks)
      .execute();
    for (const check of checks.toReversed()) {
      if (book.seen.has(check.id)) continue;
      learn(book, check.id, { score: check.score, correct: check.correct === 1, served: check.served === 1 });
    }
    book.readTo = startedAt;
    book.refreshedAt = clock.monotonic();
  }

  async record(category: string, check: Check): Promise<void> {
    const book = await this.open(category);
    const id = randomUUID();
    learn(book, id, check);
    const flags = { correct: check.correct ? 1 : 0, served: check.served ? 1 : 0 };
    const created_at = this.#options.clock.now();
    await this.#checks.add(id, { id, category, score: check.score, ...flags, created_at });
  }

  /** Throws AppError `invalid_input`. */
  async configure(category: string, { errorBudget, ttlMs }: CategorySettings): Promise<void> {
    if (errorBudget !== undefined && !(errorBudget >= 0 && errorBudget <= 0.5)) {
      throw new AppError("invalid_input", "An error budget is a share of requests from 0 to 0.5.");
    }
    if (ttlMs !== undefined && !(ttlMs >= 0)) throw new AppError("invalid_input", "A time to live is not negative.");
    const book = await this.open(category);
    const changed_at = this.#options.clock.now();
    const changes = {
      ...(errorBudget !== undefined && { error_budget: errorBudget }),
      ...(ttlMs !== undefined && { ttl_ms: ttlMs }),
      changed_at,
    };
    await this.#options.store.db
      .insertInto("semantic_categories")
      .values({ category, error_budget: null, ttl_ms: null, requests: 0, hits: 0, ...changes })
      .onConflict((conflict) => conflict.column("category").doUpdateSet(changes))
      .execute();
    book.errorBudget = errorBudget ?? book.errorBudget;
    book.ttlMs = ttlMs ?? book.ttlMs;
  }

  async all(): Promise<Map<string, CategoryBook>> {
    const known = await this.#options.store.db
      .selectFrom("semantic_categories")
      .select("category")
      .limit(maxOpen)
      .execute();
    const names = new Set([...this.#books.keys(), ...known.map((row) => row.category)]);
    const opened = new Map<string, CategoryBook>();
    for (const category of names) opened.set(category, await this.open(category));
    return opened;
  }

  /** Between two savings: what was counted of those that go is lost, what was learned is in the table. */
  #forgetLeastUsed(): void {
    for (const category of this.#books.keys()) {
      if (this.#books.size <= 2 * maxOpen) return;
      this.#books.delete(category);
    }
  }

  async save(): Promise<void> {
    await this.#checks.settled();
    for (const [category, book] of this.#books) {
      await this.#saveCounts(category, book);
      await this.#forgetOldChecks(category);
    }
    const surplus = Math.max(0, this.#books.size - maxOpen);
    for (const category of [...this.#books.keys()].slice(0, surplus)) this.#books.delete(category);
  }

  async #saveCounts(category: string, { unsaved }: OwnBook): Promise<void> {
    const { requests, hits } = unsaved;
    if (requests === 0 && hits === 0) return;
    unsaved.requests = 0;
    unsaved.hits = 0;
    const changed_at = this.#options.clock.now();
    await this.#options.store.db
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

  async #forgetOldChecks(category: string): Promise<void> {
    const { db } = this.#options.store;
    const oldest = await db
      .selectFrom("semantic_checks")
      .select("created_at")
      .where("category", "=", category)
      .orderBy("created_at", "desc")
      .offset(keptChecks)
      .limit(1)
      .executeTakeFirst();
    if (!oldest) return;
    await db
      .deleteFrom("semantic_checks")
      .where("category", "=", category)
      .where("created_at", "<=", Number(oldest.created_at))
      .execute();
  }
}

function createBook({ defaults, random }: CategoryBooksOptions): OwnBook {
  const counts = { requests: 0, hits: 0, checks: 0, wrongChecks: 0 };
  const book: OwnBook = {
    ...defaults,
    ...counts,
    learned: createErrorBudget({ budget: () => book.errorBudget, ...(random && { random }) }),
    unsaved: { requests: 0, hits: 0 },
    readTo: 0,
    seen: new Set(),
    refreshedAt: -Infinity,
    reading: undefined,
    count(hit) {
      for (const counted of [book, book.unsaved]) {
        counted.requests += 1;
        counted.hits += hit ? 1 : 0;
      }
    },
  };
  return book;
}

function learn(book: OwnBook, id: string, { score, correct, served }: Check): void {
  book.seen.add(id);
  if (book.seen.size > keptChecks * 2) book.seen = new Set([...book.seen].slice(-keptChecks));
  book.learned.record(score, correct, served);
  book.checks += 1;
  book.wrongChecks += correct ? 0 : 1;
}
