import { toNanoUsd } from "@sophia/core/ledger/nano-usd";
import type { Clock } from "@sophia/core/limits/clock";
import type { Store } from "@sophia/core/store/store";
import type { Harvest, StoredPage } from "./source.ts";
import type { CollectionRow, CollectionTables, TaskRow } from "./tables.ts";

type Change = Partial<Omit<TaskRow, "id" | "collection_id" | "updated_at">>;

/** The tasks of running collections. Each change is durable when its promise resolves. */
export interface TaskStore {
  collection(id: string): Promise<CollectionRow | undefined>;
  /** What is not over, in the order of the items. */
  open(collectionId: string): Promise<TaskRow[]>;
  /** False: it is not any more as it was read, because another process has it. */
  begin(
    task: Pick<TaskRow, "id" | "state" | "started_at">,
    mark: Pick<TaskRow, "reservation_id" | "started_at" | "mode">,
  ): Promise<boolean>;
  change(id: string, change: Change): Promise<void>;
  receive(id: string, harvest: Harvest): Promise<void>;
  /** The task is over: its documents belong to the collection from here on. */
  finish(task: TaskRow, pages: readonly StoredPage[]): Promise<void>;
  fail(id: string, state: "failed" | "skipped" | "unknown", error: { kind: string; message: string }): Promise<void>;
  /** Ends a running collection; of one that was paused or aborted nothing changes. What is waiting is left out. */
  close(collectionId: string, reason: string): Promise<void>;
}

export function createTaskStore(options: { store: Store<CollectionTables>; clock: Clock }): TaskStore {
  const { store, clock } = options;
  const { db } = store;

  async function change(id: string, values: Change): Promise<void> {
    await db
      .updateTable("data_collection_tasks")
      .set({ ...values, updated_at: clock.now() })
      .where("id", "=", id)
      .execute();
  }

  return {
    collection: (id) => db.selectFrom("data_collections").selectAll().where("id", "=", id).executeTakeFirst(),
    open: (collectionId) =>
      db
        .selectFrom("data_collection_tasks")
        .selectAll()
        .where("collection_id", "=", collectionId)
        .where("state", "in", ["waiting", "started", "received"])
        .orderBy("ordinal")
        .execute(),
    async begin({ id, state, started_at: startedAt }, mark) {
      const begun = await db
        .updateTable("data_collection_tasks")
        .set({ state: "started", ...mark, updated_at: clock.now() })
        .where("id", "=", id)
        .where("state", "=", state)
        .where("started_at", startedAt === null ? "is" : "=", startedAt)
        .executeTakeFirst();
      return begun.numUpdatedRows === 1n;
    },
    change,
    receive: (id, harvest) =>
      change(id, {
        state: "received",
        harvest: JSON.stringify(harvest),
        cost_nano_usd: toNanoUsd(harvest.costUsd),
        note: harvest.note ?? null,
      }),
    finish: (task, pages) => finishTask(store, { task, pages, now: clock.now() }),
    fail: (id, state, { kind, message }) =>
      change(id, { state, error_kind: kind, error_message: message, harvest: null }),
    close: (collectionId, reason) => closeCollection(store, { collectionId, reason, now: clock.now() }),
  };
}

async function finishTask(
  store: Store<CollectionTables>,
  { task, pages, now }: { task: TaskRow; pages: readonly StoredPage[]; now: number },
): Promise<void> {
  const rows = [...new Map(pages.map((page) => [page.documentId, page])).values()];
  await store.transaction(async (tx) => {
    for (const { documentId, state } of rows) {
      const row = { collection_id: task.collection_id, document_id: documentId, task_id: task.id };
      await tx
        .insertInto("data_collection_documents")
        .values({ ...row, state, found_at: now })
        .onConflict((conflict) => conflict.columns(["collection_id", "document_id"]).doNothing())
        .execute();
    }
    await tx
      .updateTable("data_collection_tasks")
      .set({ state: "done", harvest: null, documents: rows.length, updated_at: now })
      .where("id", "=", task.id)
      .execute();
  });
}

async function closeCollection(
  store: Store<CollectionTables>,
  { collectionId, reason, now }: { collectionId: string; reason: string; now: number },
): Promise<void> {
  await store.transaction(async (tx) => {
    await tx
      .updateTable("data_collection_tasks")
      .set({ state: "skipped", error_kind: "timeout", error_message: reason, updated_at: now })
      .where("collection_id", "=", collectionId)
      .where("state", "=", "waiting")
      .execute();
    await tx
      .updateTable("data_collections")
      .set({ state: "done", finished_at: now })
      .where("id", "=", collectionId)
      .where("state", "=", "running")
      .execute();
  });
}
