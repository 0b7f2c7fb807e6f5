import { type Context, type Span, trace } from "@opentelemetry/api";

export interface RecordedSpan {
  name: string;
  attributes: Record<string, unknown>;
  message?: string | undefined;
  ended: boolean;
}

export interface SpanRecorder {
  spans: RecordedSpan[];
  /** What each span continues, in the order of `spans`. */
  parents: Context[];
}

/** Stands in for an exporter until `trace.disable()`. */
export function recordSpans(): SpanRecorder {
  const spans: RecordedSpan[] = [];
  const parents: Context[] = [];
  const startActiveSpan = (
    name: string,
    options: { attributes: object },
    parent: Context,
    work: (span: Span) => unknown,
  ) => {
    const recorded: RecordedSpan = { name, attributes: { ...options.attributes }, ended: false };
    spans.push(recorded);
    parents.push(parent);
    const span = {
      setAttribute: (key: string, value: unknown) => (recorded.attributes[key] = value),
      setStatus: (status: { message?: string }) => (recorded.message = status.message),
      end: () => (recorded.ended = true),
    };
    return work(span as unknown as Span);
  };
  trace.setGlobalTracerProvider({
    getTracer: () => ({ startActiveSpan, startSpan: () => trace.wrapSpanContext({} as never) }) as never,
  });
  return { spans, parents };
}
