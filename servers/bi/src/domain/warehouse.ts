import { join } from "node:path";
import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import type { Catalogue, CatalogueTable } from "./catalogue.ts";
import { ChildWorker } from "./child-worker.ts";
import type { EngineOptions, QueryAnswer, QueryLimits } from "./engine.ts";
import type { QueryCall } from "./engine-child.ts";
import { QueryPool } from "./query-pool.ts";
import { type Page, ResultPages } from "./result-pages.ts";

export interface WarehouseOptions {
  directory: string;
  memoryMb: number;
  threads: number;
  spillMb: number;
  concurrency: number;
  limits: QueryLimits;
  catalogue: Catalogue;
  clock: Clock;
  log: Logger;
}

export interface QueryRequest {
  sql: string;
  callerId: string;
  /** Rows per page. */
  limit: number;
  timeoutMs: number;
  signal: AbortSignal;
}

export interface PageOfCursor {
  cursor: string;
  callerId: string;
  /** Rows per page; as on the first page when it is left out. */
  limit?: number | undefined;
}

/** A page of an answer with the facts about the tables it was read from. */
export interface WarehousePage extends Page {
  tables: CatalogueTable[];
}

export interface Warehouse {
  query(request: QueryRequest): Promise<WarehousePage>;
  nextPage(request: PageOfCursor): WarehousePage;
  tables(): CatalogueTable[];
  /** Starts the first query process and opens the tables. */
  warm(): Promise<void>;
  close(): void;
}

/** What a process may use beyond DuckDB's own limit: Node, and what single expressions allocate unseen. */
const processHeadroomBytes = 448 << 20;
const maxWaiting = 16;
/** A page and its columns stay below what core cuts at (8,000 tokens), so that the only cursor is ours. */
const pageCharacters = 22_000;
const maxColumnCharacters = 14_000;
const openTimeoutMs = 30_000;

/**
 * Queries over the current snapshot. Each runs in a process of its own that has the table files open read-only, no
 * file access beyond them and no environment: a query that crashes DuckDB, outgrows its memory or ignores the
 * interrupt costs its own process and nothing else.
 */
export function createWarehouse(options: WarehouseOptions): Warehouse {
  const { catalogue } = options;
  const workers = Array.from({ length: options.concurrency }, () => createWorker(options));
  const pool = new QueryPool(workers, maxWaiting);
  const pages = new ResultPages(options.clock);
  const engineOptions: EngineOptions = {
    directory: options.directory,
    scratch: join(options.directory, "scratch", String(process.pid)),
    memoryMb: options.memoryMb,
    threads: options.threads,
    spillMb: options.spillMb,
  };

  const withTables = (page: Page): WarehousePage => ({
    ...page,
    tables: catalogue.tables().filter((table) => page.answer.relations.includes(table.name)),
  });

  return {
    async query(request) {
      const answer = await pool.run(async (worker) => await runOn(worker, request, options, engineOptions), {
        waitMs: request.timeoutMs,
        signal: request.signal,
      });
      return withTables(
        pages.first(request.callerId, answer, { limit: request.limit, maxCharacters: roomForRows(answer) }),
      );
    },
    nextPage: ({ callerId, cursor, limit }) =>
      withTables(pages.next(callerId, cursor, { limit, maxCharacters: pageCharacters - maxColumnCharacters })),
    tables: () => catalogue.tables(),
    async warm() {
      const call = { snapshot: catalogue.snapshot(), options: engineOptions };
      await pool.run(async (worker) => await worker.call("open", call, { timeoutMs: openTimeoutMs }), {
        waitMs: openTimeoutMs,
        signal: AbortSignal.timeout(openTimeoutMs),
      });
    },
    close: () => pool.close(),
  };
}

async function runOn(
  worker: ChildWorker,
  request: QueryRequest,
  options: WarehouseOptions,
  engineOptions: EngineOptions,
): Promise<QueryAnswer> {
  const { catalogue, limits } = options;
  const ask = async (): Promise<QueryAnswer> => {
    const call: QueryCall = { snapshot: catalogue.snapshot(), options: engineOptions, sql: request.sql, limits };
    return await worker.call<QueryAnswer>("query", call, request);
  };
  const before = catalogue.generation();
  try {
    return await ask();
  } catch (error) {
    // A table file of an older snapshot may be deleted once a newer one is committed: then look again, once.
    const stale = error instanceof AppError && error.kind === "unavailable" && catalogue.generation() !== before;
    if (!stale) throw error;
    return await ask();
  }
}

function roomForRows(answer: QueryAnswer): number {
  const used = JSON.stringify(answer.columns).length;
  if (used <= maxColumnCharacters) return pageCharacters - used;
  throw new AppError(
    "invalid_input",
    `The query selects ${answer.columns.length} columns, more than one answer can show.`,
    { hint: "Name the columns you need instead of *." },
  );
}

function createWorker(options: WarehouseOptions): ChildWorker {
  return new ChildWorker({
    entry: new URL("./engine-child.ts", import.meta.url),
    maxRssBytes: (options.memoryMb << 20) + processHeadroomBytes,
    log: options.log,
  });
}
