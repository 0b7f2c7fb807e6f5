import type { Item } from "./collection-spec.ts";

/** What came of one item. Untrusted. */
export interface FoundPage {
  /** Where it stands; for what has no address of its own, that of the vendor's record. */
  url: string;
  title: string | null;
  author?: string | null;
  /** Wall clock, ms. */
  publishedAt?: number | null;
  language?: string | null;
  /** A web page as it came, or Markdown. */
  body: { kind: "html"; html: string } | { kind: "markdown"; markdown: string };
}

/** A document that a source has stored itself. */
export interface StoredPage {
  documentId: string;
  state: "new" | "changed" | "unchanged";
  url: string;
  title: string | null;
}

/** What one item brought, and what it cost. JSON: it is kept until the documents are stored. */
export interface Harvest {
  pages?: FoundPage[];
  stored?: StoredPage[];
  quantity: number;
  costUsd: number;
  kind: "estimate" | "actual";
  /** In our words, e.g. that more was there than was asked for. */
  note?: string;
}

interface AnySource {
  /** As specifications name it. */
  name: Item["source"];
  /** As ledger and sources name it. */
  service: string;
  mode: "live" | "local" | "simulated";
  /** What the ledger counts: pages, credits, runs. */
  unit: string;
  /** Items at a time; the client's own limits hold besides. Where only the vendor knows, it is asked. */
  concurrency: number | ((signal: AbortSignal) => Promise<number>);
  /** Items of one lane come one after the other. Absent: they need not. */
  laneOf?(item: Item): string;
  /** The most that an item can cost, before it is begun. */
  estimate(item: Item): { quantity: number; costUsd: number };
}

/** One request an item. */
export interface ShortSource extends AnySource {
  kind: "short";
  /** Costs nothing and may be asked again after a crash; else an item whose answer was lost stays `unknown`. */
  isRepeatable: boolean;
  collect(item: Item, signal: AbortSignal): Promise<Harvest>;
}

/** A run at the vendor: started once by its tag, looked at until it has ended, then read. */
export interface LongSource extends AnySource {
  kind: "long";
  /** Between two looks at a run, ms. */
  pollMs: number;
  /** Sent once. `unknown`: it may have begun, and must not be sent again. */
  start(item: Item, tag: string, signal: AbortSignal): Promise<{ handle: string } | "unknown">;
  /** After a crash between tag and answer. `undefined`: not found; it may still have begun. */
  find(item: Item, wanted: { tag: string; since: number }, signal: AbortSignal): Promise<string | undefined>;
  /** Resolves when the run has ended or `pollMs` have passed. Throws AppError when the run failed. */
  hasEnded(item: Item, handle: string, signal: AbortSignal): Promise<boolean>;
  read(item: Item, handle: string, signal: AbortSignal): Promise<Harvest>;
  /** Of a run that failed or was stopped, too. */
  cost(item: Item, handle: string, signal: AbortSignal): Promise<Pick<Harvest, "quantity" | "costUsd" | "kind">>;
  stop(item: Item, handle: string, signal: AbortSignal): Promise<void>;
}

export type Source = ShortSource | LongSource;
