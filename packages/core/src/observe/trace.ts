import {
  type Attributes,
  context,
  type Context,
  INVALID_SPAN_CONTEXT,
  propagation,
  ProxyTracerProvider,
  type Span,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { toAppError } from "../errors/app-error.ts";

/** Attribute names of the MCP and GenAI semantic conventions (semantic-conventions-genai, status Development). */
export const attributeNames = {
  mcpMethod: "mcp.method.name",
  errorType: "error.type",
  toolName: "gen_ai.tool.name",
} as const;

const noSpan = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
const noProvider = new ProxyTracerProvider().getDelegate();

/** Even spans that lead nowhere would cost each request a few microseconds. */
export function isTracing(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider && provider.getDelegate() === noProvider);
}

/**
 * Runs `work` inside a span that is active while it runs and ends when it ends; without a registered exporter, just
 * runs it. A failure is recorded by its kind and our own message; a vendor's text never reaches a span.
 */
export function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
  parent?: Context,
): Promise<T> {
  return isTracing() ? runInSpan(name, attributes, work, parent ?? context.active()) : work(noSpan);
}

async function runInSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
  parent: Context,
): Promise<T> {
  return await trace.getTracer("sophia").startActiveSpan(name, { attributes }, parent, async (span) => {
    try {
      return await work(span);
    } catch (thrown) {
      const error = toAppError(thrown);
      span.setAttribute(attributeNames.errorType, error.kind);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      throw thrown;
    } finally {
      span.end();
    }
  });
}

/** The caller's trace context out of `params._meta` (SEP-414: traceparent, tracestate, baggage). */
export function readTraceContext(meta: Record<string, unknown> | undefined): Context {
  if (typeof meta?.["traceparent"] !== "string") return context.active();
  return propagation.extract(context.active(), meta);
}

/** Trace and span id of the active span, for log lines. */
export function activeTraceIds(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}
