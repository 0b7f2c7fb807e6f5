import { toUsd } from "@sophia/core/ledger/nano-usd";
import type { Clock } from "@sophia/core/limits/clock";
import type { Store } from "@sophia/core/store/store";
import { findCollection } from "./find-collection.ts";
import { labelSource } from "./label-source.ts";
import type { CollectionRow, CollectionTables, TaskRow } from "./tables.ts";

export interface CollectionFacts {
  id: string;
  name: string | null;
  state: CollectionRow["state"];
  items: number;
  /** Over, in whatever way. */
  done: number;
  costUsd: number;
  estimateUsd: number;
  budgetUsd: number;
  /** Wall clock, ms. */
  createdAt: number;
  deadlineAt: number;
  finishedAt: number | null;
}

export interface SourceProgress {
  source: string;
  states: Partial<Record<TaskRow["state"], number>>;
  documents: number;
  costUsd: number;
}

export interface TaskFailure {
  source: string;
  state: string;
  message: string;
  count: number;
  /** One of them. */
  item: string;
}

export interface CollectedDocument {
  documentId: string;
  url: string;
  title: string | null;
  source: string;
  /** Against what was kept before. */
  state: string;
  foundAt: number;
}

export interface CollectionReports {
  /** Newest first. */
  list(caller: string, limit: number): Promise<CollectionFacts[]>;
  report(
    id: string,
    caller: string,
  ): Promise<CollectionFacts & { bySource: SourceProgress[]; failures: TaskFailure[] }>;
  /** In the order in which they were found. */
  documents(id: string, page: DocumentPage): Promise<CollectedDocument[]>;
  /** Resolves when the collection runs no more, or after `forMs`. */
  wait(id: string, options: WaitOptions): Promise<void>;
}

export interface DocumentPage {
  offset: number;
  limit: number;
  /** Found since, wall clock, ms. */
  since?: number;
  /** Not what was the same as before. */
  changedOnly?: boolean;
}

interface WaitOptions {
  forMs: number;
  signal: AbortSignal;
  onProgress(progress: { done: number; total: number }): void;
}

const pollMs = 250;
const failuresShown = 20;

export function createCollectionReports(options: { store: Store<CollectionTables>; clock: Clock }): CollectionReports {
  const { store, clock } = options;
  const { db } = store;

  return {
    async list(caller, limit) {
      const query = db.selectFrom("data_collections").selectAll().where("caller", "=", caller);
      return await readFacts(db, await query.orderBy("created_at", "desc").orderBy("id").limit(limit).execute());
    },
    async report(id, caller) {
      const [facts] = await readFacts(db, [await findCollection(store, id, caller)]);
      if (!facts) throw new Error("A collection that was found has no facts.");
      return { ...facts, bySource: await readSources(db, id), failures: await readFailures(db, id) };
    },
    documents: (id, page) => readDocuments(db, id, page),
    async wait(id, { forMs, signal, onProgress }) {
      const endsAt = clock.monotonic() + forMs;
      for (;;) {
        const row = await db.selectFrom("data_collections").selectAll().where("id", "=", id).executeTakeFirst();
        if (row?.state !== "running" || clock.monotonic() >= endsAt) return;
        const [facts] = await readFacts(db, [row]);
        if (facts) onProgress({ done: facts.done, total: facts.items });
        await clock.sleep(pollMs, signal);
      }
    },
  };
}

type Db = Store<CollectionTables>["db"];

async function readFacts(db: Db, rows: readonly CollectionRow[]): Promise<CollectionFacts[]> {
  if (rows.length === 0) return [];
  const sums = await db
    .selectFrom("data_collection_tasks")
    .select(["collection_id", "state"])
    .select((expression) => [
      expression.fn.countAll<number | string>().as("tasks"),
      expression.fn.sum<number | string>("cost_nano_usd").as("cost"),
    ])
    .where(
      "collection_id",
      "in",
      rows.map(({ id }) => id),
    )
    .groupBy(["collection_id", "state"])
    .execute();
  return rows.map((row) => {
    const own = sums.filter(({ collection_id: id }) => id === row.id);
    const isOver = ({ state }: { state: string }) => !["waiting", "started", "received"].includes(state);
    const count = (list: typeof own) => list.reduce((total, { tasks }) => total + Number(tasks), 0);
    return {
      id: row.id,
      name: row.name,
      state: row.state,
      items: count(own),
      done: count(own.filter(isOver)),
      costUsd: own.reduce((total, { cost }) => total + toUsd(cost ?? 0), 0),
      estimateUsd: toUsd(row.estimate_nano_usd),
      budgetUsd: toUsd(row.budget_nano_usd),
      createdAt: row.created_at,
      deadlineAt: row.deadline_at,
      finishedAt: row.finished_at,
    };
  });
}

async function readSources(db: Db, id: string): Promise<SourceProgress[]> {
  const rows = await db
    .selectFrom("data_collection_tasks")
    .select(["source", "mode", "state"])
    .select((expression) => [
      expression.fn.countAll<number | string>().as("tasks"),
      expression.fn.sum<number | string>("documents").as("documents"),
      expression.fn.sum<number | string>("cost_nano_usd").as("cost"),
    ])
    .where("collection_id", "=", id)
    .groupBy(["source", "mode", "state"])
    .orderBy("source")
    .execute();
  return [...Map.groupBy(rows, ({ source, mode }) => labelSource(source, mode))].map(([source, group]) => ({
    source,
    states: countStates(group),
    documents: group.reduce((sum, { documents }) => sum + Number(documents ?? 0), 0),
    costUsd: group.reduce((sum, { cost }) => sum + toUsd(cost ?? 0), 0),
  }));
}

/** What was never begun has no mode, so a state may come twice. */
function countStates(rows: readonly { state: TaskRow["state"]; tasks: number | string }[]): SourceProgress["states"] {
  const states: SourceProgress["states"] = {};
  for (const { state, tasks } of rows) states[state] = (states[state] ?? 0) + Number(tasks);
  return states;
}

async function readFailures(db: Db, id: string): Promise<TaskFailure[]> {
  const rows = await db
    .selectFrom("data_collection_tasks")
    .select(["source", "state", "error_message"])
    .select((expression) => [
      expression.fn.countAll<number | string>().as("tasks"),
      expression.fn.min("item").as("item"),
    ])
    .where("collection_id", "=", id)
    .where("state", "in", ["failed", "skipped", "unknown"])
    .groupBy(["source", "state", "error_message"])
    .orderBy("tasks", "desc")
    .limit(failuresShown)
    .execute();
  return rows.map(({ source, state, error_message: message, tasks, item }) => ({
    source,
    state,
    message: message ?? "",
    count: Number(tasks),
    item: describeItem(item ?? "{}"),
  }));
}

async function readDocuments(
  db: Db,
  id: string,
  { offset, limit, since, changedOnly }: DocumentPage,
): Promise<CollectedDocument[]> {
  let query = db
    .selectFrom("data_collection_documents as c")
    .innerJoin("data_documents as d", "d.id", "c.document_id")
    .innerJoin("data_collection_tasks as t", "t.id", "c.task_id")
    .select(["c.document_id", "c.state", "c.found_at", "d.final_url", "d.title", "t.source", "t.mode"])
    .where("c.collection_id", "=", id);
  if (changedOnly === true) query = query.where("c.state", "!=", "unchanged");
  if (since !== undefined) query = query.where("c.found_at", ">=", since);
  const rows = await query.orderBy("c.found_at").orderBy("c.document_id").offset(offset).limit(limit).execute();
  return rows.map((row) => ({
    documentId: row.document_id,
    url: row.final_url,
    title: row.title,
    source: labelSource(row.source, row.mode),
    state: row.state,
    foundAt: row.found_at,
  }));
}

/** The words of an item that a person knows it by. */
function describeItem(json: string): string {
  const item = JSON.parse(json) as Record<string, unknown>;
  const text = item["url"] ?? item["query"] ?? item["actor"] ?? item["agentId"];
  return typeof text === "string" ? text.slice(0, 200) : "";
}
