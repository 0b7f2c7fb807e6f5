import { narrowStore, type Store } from "@sophia/core/store/store";
import type { TraceTables } from "./trace-tables.ts";

export interface TraceLimits {
  /** Traces older than this go. What was said goes after half the time. */
  maxAgeMs: number;
  /** What was said, over all traces: beyond it the oldest goes first. */
  maxContentBytes: number;
}

const rowsAtOnce = 1_000;

/** Deletes what is too old or too much, a limited number of rows; true when there may be more. */
export async function pruneTraces<Tables extends TraceTables>(
  given: Store<Tables>,
  { maxAgeMs, maxContentBytes }: TraceLimits,
  now: number,
): Promise<boolean> {
  const store: Store<TraceTables> = narrowStore(given);
  const { db } = store;
  const old = db
    .selectFrom("ai_traces")
    .select("request_id")
    .where("at", "<", now - maxAgeMs)
    .limit(rowsAtOnce);
  const oldContents = db
    .selectFrom("ai_trace_contents as content")
    .innerJoin("ai_traces as trace", "trace.request_id", "content.request_id")
    .select("content.request_id")
    .where("trace.at", "<", now - maxAgeMs / 2)
    .limit(rowsAtOnce);
  const deletions = [
    db.deleteFrom("ai_trace_contents").where("request_id", "in", oldContents),
    db.deleteFrom("ai_trace_contents").where("request_id", "in", old),
    db.deleteFrom("ai_annotations").where("at", "<", now - maxAgeMs),
    db.deleteFrom("ai_traces").where("request_id", "in", old),
  ];
  let mayBeMore = false;
  for (const deletion of deletions) {
    const { numDeletedRows } = await deletion.executeTakeFirst();
    mayBeMore ||= Number(numDeletedRows) === rowsAtOnce;
  }
  return (await pruneContents(store, maxContentBytes)) || mayBeMore;
}

async function pruneContents({ db }: Store<TraceTables>, maxContentBytes: number): Promise<boolean> {
  const { bytes } = await db
    .selectFrom("ai_trace_contents")
    .select((select) => select.fn.sum<number | string | null>("bytes").as("bytes"))
    .executeTakeFirstOrThrow();
  let excess = Number(bytes ?? 0) - maxContentBytes;
  if (excess <= 0) return false;
  const oldest = await db
    .selectFrom("ai_trace_contents as content")
    .innerJoin("ai_traces as trace", "trace.request_id", "content.request_id")
    .select(["content.request_id", "content.bytes"])
    .orderBy("trace.at")
    .limit(rowsAtOnce)
    .execute();
  const doomed: string[] = [];
  for (const { request_id: requestId, bytes: size } of oldest) {
    if (excess <= 0) break;
    doomed.push(requestId);
    excess -= Number(size);
  }
  if (doomed.length > 0) await db.deleteFrom("ai_trace_contents").where("request_id", "in", doomed).execute();
  return excess > 0 && oldest.length === rowsAtOnce;
}
