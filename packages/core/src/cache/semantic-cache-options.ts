import type { Logger } from "pino";
import type { Clock } from "../limits/clock.ts";
import type { Store } from "../store/store.ts";
import type { GraphFactory } from "./entry-graph.ts";
import type { LookupOptions } from "./semantic-cache.ts";
import type { SemanticTables } from "./semantic-tables.ts";
import type { TagEpochs } from "./tag-epochs.ts";

export interface SemanticCacheOptions<Tables extends SemanticTables> {
  store: Store<Tables>;
  clock: Clock;
  log: Logger;
  /**
   * Whether two answers say the same; `undefined`: cannot be told. Default: equal but for case and spaces. It runs after
   * the answer was sent, on misses with a near entry and on checked hits.
   */
  sameAnswer?(fresh: string, kept: string): Promise<boolean | undefined>;
  /** The part of a value in which answers are compared. Default: all of it. */
  textOf?(value: string): string;
  /** A second model that reads both questions before a hit is served; false: they differ. */
  verify?(asked: string, earlier: string, options: Pick<LookupOptions, "signal" | "account">): Promise<boolean>;
  defaults?: { errorBudget?: number; ttlMs?: number };
  /** Default 100,000. */
  maxEntries?: number;
  /** Texts, vectors and values together. Default 1 GiB. */
  maxBytes?: number;
  /** A longer answer is not kept. Default 256 KiB. */
  maxEntryBytes?: number;
  /** Entries in memory. Default 100,000. */
  maxLoaded?: number;
  /** How long an invalidation or a new entry of another process may stay unseen. Default 1,000. */
  refreshMs?: number;
  /** Of the tags that answers rest on, where others use them too. Default: its own. */
  epochs?: TagEpochs;
  createGraph?: GraphFactory;
  exactLimit?: number;
  random?(): number;
}
