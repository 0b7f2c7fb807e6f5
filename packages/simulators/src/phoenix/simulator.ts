import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { sendJson } from "../openai/json-body.ts";
import { serve } from "../openai/serve.ts";
import { readOtlp, type ReceivedSpan } from "./read-otlp.ts";

export interface PhoenixSimulator {
  /** Without `/v1`. */
  url: string;
  spans(): readonly ReceivedSpan[];
  annotations(): readonly StoredAnnotation[];
  /** The next `times` requests are answered with this status. */
  fail(status: number, times: number): void;
  close(): Promise<void>;
}

interface StoredAnnotation extends AnnotationData {
  id: string;
  created_at: string;
  updated_at: string;
}

type AnnotationData = z.infer<typeof AnnotationData>;

const AnnotationData = z.object({
  span_id: z.string(),
  name: z.string(),
  annotator_kind: z.enum(["LLM", "CODE", "HUMAN"]),
  result: z
    .object({
      label: z.string().nullish(),
      score: z.number().nullish(),
      explanation: z.string().nullish(),
    })
    .nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  identifier: z.string().default(""),
});
const AnnotationRequest = z.object({ data: z.array(AnnotationData) });

interface State {
  apiKey: string | undefined;
  spans: ReceivedSpan[];
  annotations: StoredAnnotation[];
  failures: { status: number; left: number };
}

const kept = 5_000;
const maxBodyBytes = 16 * 1024 * 1024;

/**
 * Phoenix on loopback: takes traces over OTLP, knows projects, spans and what was said of them.
 * https://arize.com/docs/phoenix/sdk-api-reference/rest-api/overview
 */
export async function startPhoenixSimulator(options: { apiKey?: string } = {}): Promise<PhoenixSimulator> {
  const state: State = { apiKey: options.apiKey, spans: [], annotations: [], failures: { status: 0, left: 0 } };
  const served = await serve((request, response) => handle(state, request, response));
  return {
    url: served.origin,
    spans: () => state.spans,
    annotations: () => state.annotations,
    fail: (status, times) => void Object.assign(state.failures, { status, left: times }),
    close: served.close,
  };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  if (state.apiKey !== undefined && request.headers.authorization !== `Bearer ${state.apiKey}`) {
    return sendText(response, 401, "Unauthorized");
  }
  if (state.failures.left > 0) {
    state.failures.left -= 1;
    return sendText(response, state.failures.status, "VENDOR TEXT: simulated failure");
  }
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const route = `${request.method} ${pathname}`;
  if (route === "POST /v1/traces") return takeTraces(state, { request, body, response });
  if (route === "POST /v1/span_annotations") return annotate(state, body, response);
  if (route === "GET /v1/projects") return sendJson(response, 200, { data: projectsOf(state), next_cursor: null });
  const [, project, what] = /^GET \/v1\/projects\/([^/]+)\/(spans|span_annotations)$/.exec(route) ?? [];
  if (project === undefined) return sendText(response, 404, "Not Found");
  const found = projectsOf(state).find(({ id, name }) => id === project || name === decodeURIComponent(project));
  if (!found) return sendText(response, 404, "Project not found");
  const limit = Number(searchParams.get("limit") ?? 100);
  if (what === "spans") {
    const spans = state.spans.filter((span) => projectOf(span) === found.name).toReversed();
    return sendJson(response, 200, { data: spans.slice(0, limit).map(toSpan), next_cursor: null });
  }
  const wanted = new Set(searchParams.getAll("span_ids"));
  const said = state.annotations.filter((annotation) => wanted.has(annotation.span_id));
  sendJson(response, 200, { data: said.slice(0, limit), next_cursor: null });
}

function takeTraces(
  state: State,
  { request, body, response }: { request: IncomingMessage; body: Buffer; response: ServerResponse },
): void {
  if (request.headers["content-type"] !== "application/x-protobuf") {
    return sendText(response, 415, `Unsupported content type: ${request.headers["content-type"]}`);
  }
  try {
    state.spans.push(...readOtlp(body));
    state.spans.splice(0, state.spans.length - kept);
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  } catch {
    sendText(response, 422, "Request body is invalid ExportTraceServiceRequest");
  }
}

function annotate(state: State, body: Buffer, response: ServerResponse): void {
  const parsed = AnnotationRequest.safeParse(parseJson(body));
  if (!parsed.success) return sendText(response, 422, "Validation error");
  const now = new Date().toISOString();
  const ids = parsed.data.data.map((said) => {
    const known = state.annotations.find(
      ({ span_id: spanId, name, identifier }) =>
        spanId === said.span_id && name === said.name && identifier === said.identifier,
    );
    if (known) {
      Object.assign(known, said, { updated_at: now });
      return { id: known.id };
    }
    const id = Buffer.from(`SpanAnnotation:${state.annotations.length + 1}`).toString("base64");
    const facts = { id, source: "API", user_id: null, created_at: now, updated_at: now };
    state.annotations.push({ ...said, ...facts });
    return { id };
  });
  sendJson(response, 200, { data: ids });
}

function projectsOf({ spans }: State): { id: string; name: string; description: null }[] {
  const names = [...new Set(["default", ...spans.map(projectOf)])];
  return names.map((name, index) => ({
    id: Buffer.from(`Project:${index + 1}`).toString("base64"),
    name,
    description: null,
  }));
}

function projectOf({ resource }: ReceivedSpan): string {
  const name = resource["openinference.project.name"];
  return typeof name === "string" ? name : "default";
}

function toSpan(span: ReceivedSpan) {
  const kind = span.attributes["openinference.span.kind"];
  return {
    id: Buffer.from(`Span:${span.spanId}`).toString("base64"),
    name: span.name,
    context: { trace_id: span.traceId, span_id: span.spanId },
    span_kind: typeof kind === "string" ? kind : "UNKNOWN",
    parent_id: span.parentSpanId === "" ? null : span.parentSpanId,
    start_time: toTime(span.startNano),
    end_time: toTime(span.endNano),
    status_code: span.statusCode,
    status_message: span.statusMessage,
    attributes: span.attributes,
    events: [],
  };
}

function toTime(nano: bigint): string {
  return new Date(Number(nano / 1_000_000n)).toISOString();
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error("request body over the limit");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
}
