import { type Attributes, type HrTime, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

/** Something that has ended and is told afterwards, with ids its teller chose. */
export interface FinishedSpan {
  /** 32 and 16 lower-case hex digits, not all zero. */
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: "client" | "internal";
  /** Wall clock, milliseconds. */
  startMs: number;
  endMs: number;
  attributes: Attributes;
  /** Our own words; absent when it went well. */
  failure?: string;
}

const scope = { name: "sophia" };

export function toReadableSpan(span: FinishedSpan, resource: Resource): ReadableSpan {
  const { traceId, spanId, parentSpanId } = span;
  const spanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  return {
    name: span.name,
    kind: span.kind === "client" ? SpanKind.CLIENT : SpanKind.INTERNAL,
    spanContext: () => spanContext,
    ...(parentSpanId !== undefined && {
      parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED },
    }),
    startTime: toHrTime(span.startMs),
    endTime: toHrTime(span.endMs),
    duration: toHrTime(span.endMs - span.startMs),
    status:
      span.failure === undefined ? { code: SpanStatusCode.OK } : { code: SpanStatusCode.ERROR, message: span.failure },
    attributes: span.attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function toHrTime(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1_000);
  return [seconds, Math.round((milliseconds - seconds * 1_000) * 1e6)];
}
