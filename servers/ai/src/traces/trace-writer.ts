import { type SpanContext, context, trace } from "@opentelemetry/api";
import type { Clock } from "@sophia/core/limits/clock";
import type { Metrics } from "@sophia/core/observe/metrics";
import { createRowInserter } from "@sophia/core/store/insert-rows";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { Logger } from "pino";
import type { CallContent, CallRecord, CallSink } from "../domain/call-record.ts";
import type { KeepContent, TextFilter } from "./redact-content.ts";
import { toTraceRows } from "./trace-rows.ts";
import type { AiTracesTable, TraceTables } from "./trace-tables.ts";

/** A finished call on its way into the store and to whoever takes spans. */
export interface WaitingCall {
  record: CallRecord;
  content: CallContent;
  /** The span that was active when the call ended, where this process traces. */
  parent: SpanContext | undefined;
}

export interface TraceWriterOptions<Tables extends TraceTables> {
  store: Store<Tables>;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  keep: KeepContent;
  filter: TextFilter;
  /** Told of each call, off the path of requests. Must not throw and not wait. */
  onCall?(call: WaitingCall): void;
  /** Calls that may wait; later ones are not traced, and counted. Default 1,000. */
  maxWaiting?: number;
  /** Default 1 s. */
  gatherMs?: number;
  /** Calls kept a second in the long run; after a quiet time as many as may wait. Default 50. */
  perSecond?: number;
}

export interface TraceWriter {
  /** Microseconds: everything else happens later, in batches. */
  sink: CallSink;
  /** Resolves when every call told so far has been written or given up. */
  flush(): Promise<void>;
}

/** Rows in one transaction; between two of them other work has its turn. */
const maxBatch = 50;

export function createTraceWriter<Tables extends TraceTables>(options: TraceWriterOptions<Tables>): TraceWriter {
  const { clock, log, metrics, maxWaiting = 1_000, gatherMs = 1_000, perSecond = 50 } = options;
  const store: Store<TraceTables> = narrowStore(options.store);
  const write = createBatchWriter(store, options);
  const waiting: WaitingCall[] = [];
  const traced = metrics.counter("sophia_ai_traces_total", "Model calls, by what became of their traces.", ["outcome"]);
  let hurry = new AbortController();
  let writing: Promise<void> | undefined;
  let allowance = maxWaiting;
  let refilledAt = clock.monotonic();

  /**
   * A trace costs a tenth of a millisecond to write, and of a flood a sample tells as much. Failures are no exception:
   * their share is compared over time, and the call log has them all.
   */
  function mayKeep(): boolean {
    const now = clock.monotonic();
    allowance = Math.min(maxWaiting, allowance + ((now - refilledAt) * perSecond) / 1_000);
    refilledAt = now;
    if (allowance < 1) return false;
    allowance -= 1;
    return true;
  }

  async function writeAll(): Promise<void> {
    await clock.sleep(gatherMs, hurry.signal).catch(() => {});
    hurry = new AbortController();
    while (waiting.length > 0) {
      const batch = waiting.splice(0, maxBatch);
      try {
        await write(batch);
        traced.increment({ outcome: "kept" }, batch.length);
      } catch (error) {
        traced.increment({ outcome: "lost" }, batch.length);
        log.warn({ err: error, calls: batch.length }, "traces could not be written and are lost");
      }
      for (const call of batch) options.onCall?.(call);
    }
    writing = undefined;
  }

  return {
    sink(record, content) {
      if (waiting.length >= maxWaiting) return traced.increment({ outcome: "dropped" });
      if (!mayKeep()) return traced.increment({ outcome: "sampled" });
      waiting.push({ record, content, parent: trace.getSpanContext(context.active()) });
      writing ??= writeAll();
    },
    async flush() {
      hurry.abort();
      await writing;
    },
  };
}

const traceColumns = [
  "request_id",
  "at",
  "caller",
  "operation",
  "origin",
  "service",
  "model",
  "mode",
  "category",
  "cache",
  "outcome",
  "error_kind",
  "finish_reason",
  "cost_nano_usd",
  "total_ms",
  "first_token_ms",
  "output_tokens",
  "answer_characters",
  "refusal",
  "sketch",
  "sketch_model",
  "record",
  "bytes",
] as const satisfies readonly (keyof AiTracesTable)[];
const contentColumns = ["request_id", "messages", "answer", "redacted", "bytes"] as const;

/** A call that is told twice is kept once. */
function createBatchWriter(store: Store<TraceTables>, options: { keep: KeepContent; filter: TextFilter }) {
  const traces = createRowInserter(store.db, "ai_traces", {
    columns: traceColumns,
    build: (insert) => insert.onConflict((conflict) => conflict.column("request_id").doNothing()),
  });
  const contents = createRowInserter(store.db, "ai_trace_contents", {
    columns: contentColumns,
    build: (insert) => insert.onConflict((conflict) => conflict.column("request_id").doNothing()),
  });
  return async (batch: readonly WaitingCall[]): Promise<void> => {
    const rows = batch.map(({ record, content }) => toTraceRows(record, content, options));
    await store.transaction(async (tx) => {
      await traces.insert(
        tx,
        rows.map(({ trace: row }) => row),
      );
      await contents.insert(
        tx,
        rows.flatMap(({ content }) => content ?? []),
      );
    });
  };
}
