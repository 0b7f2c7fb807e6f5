import { narrowStore, type Store } from "@sophia/core/store/store";
import { sql } from "kysely";
import type { CallRecord } from "../domain/call-record.ts";
import { type Annotation, listAnnotations } from "./annotations.ts";
import type { SaidMessage } from "./said-messages.ts";
import type { TraceTables } from "./trace-tables.ts";

export interface TraceFilter {
  /** Wall clock, ms; from inclusive, until exclusive. */
  from?: number;
  until?: number;
  model?: string;
  service?: string;
  caller?: string;
  origin?: CallRecord["origin"];
  outcome?: CallRecord["outcome"];
  cache?: CallRecord["cache"];
  refusal?: boolean;
  minCostUsd?: number;
  minTotalMs?: number;
  /** Part of what was said or answered, in any case; needs kept content. */
  text?: string;
}

export interface TraceSummary {
  requestId: string;
  at: number;
  caller: string;
  model: string;
  service: string;
  mode: CallRecord["mode"];
  outcome: CallRecord["outcome"];
  errorKind?: string;
  cache: CallRecord["cache"];
  costUsd: number;
  totalMs: number;
  outputTokens: number;
  refusal: boolean;
}

/** Where a page ends: the next one begins behind it. */
export interface TracePosition {
  at: number;
  requestId: string;
}

export interface Trace {
  record: CallRecord;
  refusal: boolean;
  /** Undefined where it was not kept, or is gone already. */
  content: { messages: readonly SaidMessage[]; answer: string; redacted: boolean } | undefined;
  annotations: readonly Annotation[];
}

const nanoPerUsd = 1e9;

/** The newest first. */
export async function findTraces<Tables extends TraceTables>(
  given: Store<Tables>,
  filter: TraceFilter,
  page: { limit: number; after: TracePosition | undefined },
): Promise<TraceSummary[]> {
  const store: Store<TraceTables> = narrowStore(given);
  let query = store.db
    .selectFrom("ai_traces as trace")
    .leftJoin("ai_trace_contents as content", "content.request_id", "trace.request_id")
    .selectAll("trace");
  const equal = { model: filter.model, service: filter.service, caller: filter.caller, origin: filter.origin };
  for (const [column, value] of Object.entries({ ...equal, outcome: filter.outcome, cache: filter.cache })) {
    if (value !== undefined) query = query.where(sql.ref(`trace.${column}`), "=", value);
  }
  if (filter.from !== undefined) query = query.where("trace.at", ">=", filter.from);
  if (filter.until !== undefined) query = query.where("trace.at", "<", filter.until);
  if (filter.refusal !== undefined) query = query.where("trace.refusal", "=", filter.refusal ? 1 : 0);
  if (filter.minCostUsd !== undefined) {
    query = query.where("trace.cost_nano_usd", ">=", Math.round(filter.minCostUsd * nanoPerUsd));
  }
  if (filter.minTotalMs !== undefined) query = query.where("trace.total_ms", ">=", filter.minTotalMs);
  if (filter.text !== undefined) query = query.where(containsText(filter.text));
  const { after } = page;
  if (after) {
    query = query.where((where) =>
      where.or([
        where("trace.at", "<", after.at),
        where.and([where("trace.at", "=", after.at), where("trace.request_id", "<", after.requestId)]),
      ]),
    );
  }
  const rows = await query.orderBy("trace.at", "desc").orderBy("trace.request_id", "desc").limit(page.limit).execute();
  return rows.map((row) => ({
    requestId: row.request_id,
    at: row.at,
    caller: row.caller,
    model: row.model,
    service: row.service,
    mode: row.mode as CallRecord["mode"],
    outcome: row.outcome as CallRecord["outcome"],
    ...(row.error_kind !== null && { errorKind: row.error_kind }),
    cache: row.cache as CallRecord["cache"],
    costUsd: row.cost_nano_usd / nanoPerUsd,
    totalMs: row.total_ms,
    outputTokens: row.output_tokens,
    refusal: row.refusal === 1,
  }));
}

export async function readTrace<Tables extends TraceTables>(
  given: Store<Tables>,
  requestId: string,
): Promise<Trace | undefined> {
  const store: Store<TraceTables> = narrowStore(given);
  const row = await store.db
    .selectFrom("ai_traces")
    .select(["record", "refusal"])
    .where("request_id", "=", requestId)
    .executeTakeFirst();
  if (!row) return undefined;
  const content = await store.db
    .selectFrom("ai_trace_contents")
    .selectAll()
    .where("request_id", "=", requestId)
    .executeTakeFirst();
  return {
    record: JSON.parse(row.record) as CallRecord,
    refusal: row.refusal === 1,
    content: content && {
      messages: JSON.parse(content.messages) as SaidMessage[],
      answer: content.answer,
      redacted: content.redacted === 1,
    },
    annotations: await listAnnotations(given, [requestId]),
  };
}

function containsText(text: string) {
  const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  // What was said is kept as JSON: a quote or a line break in it is written with a backslash.
  const inJson = `%${JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return sql<boolean>`(lower(content.answer) like lower(${pattern}) escape ${"\\"} or lower(content.messages) like lower(${inJson}) escape ${"\\"})`;
}
