import {
  type Attributes,
  context,
  type Context,
  propagation,
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

/**
 * Runs `work` inside a span that is active while it runs and ends when it ends. Without a registered exporter this is
 * the API's no-op. A failure is recorded by its kind and our own message; a vendor's text never reaches a span.
 */
export async function withSpan<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
  parent: Context = context.active(),
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
