import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Caller } from "@sophia/core/approval/caller";
import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { FinishedSpan } from "@sophia/core/observe/finished-span";
import type { Metrics } from "@sophia/core/observe/metrics";
import type { Store } from "@sophia/core/store/store";
import type { Logger } from "pino";
import type { CallSink } from "../domain/call-record.ts";
import { type Annotation, writeAnnotation } from "./annotations.ts";
import {
  findTraces,
  readTrace,
  type Trace,
  type TraceFilter,
  type TracePosition,
  type TraceSummary,
} from "./find-traces.ts";
import { toModelCallSpan } from "./model-call-span.ts";
import { pruneTraces, type TraceLimits } from "./prune-traces.ts";
import { createTextFilter, type KeepContent } from "./redact-content.ts";
import type { TraceTables } from "./trace-tables.ts";
import { createTraceWriter, type WaitingCall } from "./trace-writer.ts";

/** Where spans and opinions of model calls go beside our own store. Nothing here waits or throws. */
export interface TraceTaker {
  takeSpan(span: FinishedSpan): void;
  takeAnnotation(said: Annotation): void;
  close(): Promise<void>;
}

export interface TracesOptions<Tables extends TraceTables> {
  store: Store<Tables>;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  scrub(text: string): string;
  keep: KeepContent;
  limits: TraceLimits;
  /** Arize or Phoenix, where one is configured. */
  taker?: TraceTaker | undefined;
  /** A collector is configured: calls become spans of this process too, below the one that was active. */
  tracing: boolean;
}

/** The memory of model calls: what was asked and answered, how it went, and what was thought of it. */
export interface Traces {
  /** For the pipeline: told of every finished call. */
  sink: CallSink;
  keep: KeepContent;
  /** Somebody with the scope `write` sees all traces, others their own. The newest first. */
  find(
    filter: TraceFilter,
    page: { limit: number; after: TracePosition | undefined },
    caller: Caller,
  ): Promise<TraceSummary[]>;
  /** Throws AppError `not_found`, also for another caller's trace. */
  read(requestId: string, caller: Caller): Promise<Trace>;
  /** Keeps an opinion and hands it on. The trace need not be there (any more). */
  annotate(said: Annotation): Promise<void>;
  /** Deletes what is over the limits, in small steps. */
  prune(signal: AbortSignal): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

const maxAnnotationCharacters = 4_000;

export function createTraces<Tables extends TraceTables>(options: TracesOptions<Tables>): Traces {
  const { store, clock, keep, taker, limits } = options;
  const filter = createTextFilter(keep, options.scrub);
  const exportCall = ({ record, content, parent }: WaitingCall): void => {
    const span = toModelCallSpan(record, content, { keep, filter });
    taker?.takeSpan(span);
    if (options.tracing) startAndEnd(span, parent);
  };
  const isExported = taker !== undefined || options.tracing;
  const writer = createTraceWriter({ ...options, filter, ...(isExported && { onCall: exportCall }) });

  return {
    sink: writer.sink,
    keep,
    async find(wish, page, caller) {
      await writer.flush();
      return await findTraces(store, seesAll(caller) ? wish : { ...wish, caller: caller.id }, page);
    },
    async read(requestId, caller) {
      await writer.flush();
      const found = await readTrace(store, requestId);
      if (found && (seesAll(caller) || found.record.caller === caller.id)) return found;
      throw new AppError("not_found", "There is no trace of that request.", {
        hint: "list_traces shows what is kept; under load not every call is traced, and old ones go.",
      });
    },
    async annotate(said) {
      const text = (value: string): string => filter(value).slice(0, maxAnnotationCharacters).replaceAll("\0", "");
      const kept: Annotation = {
        ...said,
        ...(said.explanation !== undefined && { explanation: text(said.explanation) }),
        ...(said.correction !== undefined && { correction: text(said.correction) }),
      };
      await writeAnnotation(store, kept);
      taker?.takeAnnotation(kept);
    },
    async prune(signal) {
      while (await pruneTraces(store, limits, clock.now())) signal.throwIfAborted();
    },
    flush: () => writer.flush(),
    async close() {
      await writer.flush();
      await taker?.close();
    },
  };
}

/** Applications hold keys that read; people who look after them hold one that writes. */
function seesAll(caller: Caller): boolean {
  return caller.scopes.includes("write");
}

/** The same call as a span of OpenTelemetry's API, for the collector of the whole process. */
function startAndEnd({ name, startMs, endMs, attributes, failure }: FinishedSpan, parent: WaitingCall["parent"]): void {
  const above = parent ? trace.setSpanContext(context.active(), parent) : context.active();
  const span = trace
    .getTracer("sophia")
    .startSpan(name, { kind: SpanKind.CLIENT, startTime: startMs, attributes, root: parent === undefined }, above);
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
  span.end(endMs);
}
