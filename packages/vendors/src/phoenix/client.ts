import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { z } from "zod";

export interface PhoenixOptions {
  /** Without `/v1`. */
  baseUrl: string;
  /** Where Phoenix runs with authentication. */
  apiKey?: Secret | undefined;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
}

/** What was said of a span. */
export interface SpanAnnotation {
  /** 16 hex digits. */
  spanId: string;
  name: string;
  annotatorKind: "HUMAN" | "LLM" | "CODE";
  /** One with the same name and identifier is replaced. */
  identifier: string;
  score?: number | undefined;
  label?: string | undefined;
  explanation?: string | undefined;
}

export interface PhoenixSpan {
  spanId: string;
  traceId: string;
  name: string;
  kind: string;
  statusCode: string;
  attributes: Record<string, unknown>;
}

export interface PhoenixClient {
  fetchProjects(signal: AbortSignal): Promise<{ id: string; name: string }[]>;
  /** The newest of a project, which may be named or given by id. */
  fetchSpans(project: string, limit: number, signal: AbortSignal): Promise<PhoenixSpan[]>;
  annotateSpans(annotations: readonly SpanAnnotation[], signal: AbortSignal): Promise<void>;
  fetchAnnotations(project: string, spanIds: readonly string[], signal: AbortSignal): Promise<SpanAnnotation[]>;
  close(): Promise<void>;
}

const Projects = z.object({ data: z.array(z.object({ id: z.string(), name: z.string() })).max(10_000) });
const Spans = z.object({
  data: z.array(
    z.object({
      name: z.string(),
      context: z.object({ trace_id: z.string(), span_id: z.string() }),
      span_kind: z.string(),
      status_code: z.string(),
      attributes: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
});
const Annotations = z.object({
  data: z.array(
    z.object({
      span_id: z.string(),
      name: z.string(),
      annotator_kind: z.enum(["HUMAN", "LLM", "CODE"]),
      identifier: z.string().default(""),
      result: z
        .object({ score: z.number().nullish(), label: z.string().nullish(), explanation: z.string().nullish() })
        .nullish(),
    }),
  ),
});

/** Phoenix, Arize's server for one's own machines. https://arize.com/docs/phoenix/sdk-api-reference/rest-api/overview */
export function createPhoenixClient(options: PhoenixOptions): PhoenixClient {
  const { baseUrl, apiKey, log, clock, observer } = options;
  const http = createHttp({
    service: "arize",
    baseUrl,
    ...(apiKey && { auth: { in: "bearer", secret: apiKey } }),
    log,
    clock,
    ...(observer && { observer }),
    timeoutMs: 10_000,
  });
  return {
    // https://arize.com/docs/phoenix/sdk-api-reference/rest-api/api-reference/projects/list-all-projects
    async fetchProjects(signal) {
      const { data } = await http.request({ path: "/v1/projects", schema: Projects, operation: "projects", signal });
      return data.data;
    },
    // https://arize.com/docs/phoenix/sdk-api-reference/rest-api/api-reference/spans/list-spans
    async fetchSpans(project, limit, signal) {
      const path = apiPath`/v1/projects/${project}/spans`;
      const { data } = await http.request({ path, query: { limit }, schema: Spans, operation: "spans", signal });
      return data.data.map((span) => ({
        spanId: span.context.span_id,
        traceId: span.context.trace_id,
        name: span.name,
        kind: span.span_kind,
        statusCode: span.status_code,
        attributes: span.attributes,
      }));
    },
    // https://arize.com/docs/phoenix/sdk-api-reference/rest-api/api-reference/spans/create-span-annotations
    async annotateSpans(annotations, signal) {
      await http.request({
        method: "POST",
        path: "/v1/span_annotations",
        body: { data: annotations.map(toAnnotationData) },
        // Name and identifier say which one it is: the same again changes nothing.
        idempotent: true,
        schema: z.object({ data: z.array(z.object({ id: z.string() })) }),
        operation: "annotate",
        signal,
      });
    },
    async fetchAnnotations(project, spanIds, signal) {
      const path = apiPath`/v1/projects/${project}/span_annotations`;
      const query = { span_ids: spanIds, limit: 1_000 };
      const { data } = await http.request({ path, query, schema: Annotations, operation: "annotations", signal });
      return data.data.map((said) => ({
        spanId: said.span_id,
        name: said.name,
        annotatorKind: said.annotator_kind,
        identifier: said.identifier,
        score: said.result?.score ?? undefined,
        label: said.result?.label ?? undefined,
        explanation: said.result?.explanation ?? undefined,
      }));
    },
    close: () => http.close(),
  };
}

function toAnnotationData({ spanId, name, annotatorKind, identifier, score, label, explanation }: SpanAnnotation) {
  return {
    span_id: spanId,
    name,
    annotator_kind: annotatorKind,
    identifier,
    result: {
      ...(score !== undefined && { score }),
      ...(label !== undefined && { label }),
      ...(explanation !== undefined && { explanation }),
    },
  };
}
