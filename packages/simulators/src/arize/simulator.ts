import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { serve } from "../openai/serve.ts";
import { sendJson } from "../openai/json-body.ts";
import { readOtlp, type ReceivedSpan } from "../phoenix/read-otlp.ts";
import { Monitors, type SimulatedMonitor } from "./monitors.ts";

export interface ArizeSimulator {
  /** Origin: OTLP at `/v1`, REST at `/v2`, GraphQL at `/graphql`. */
  url: string;
  spaceId: string;
  spans(): readonly ReceivedSpan[];
  annotations(): readonly SaidOfSpan[];
  monitors(): readonly SimulatedMonitor[];
  /** The next `times` requests are answered with this status; 200 with GraphQL errors inside for `graphql`. */
  fail(status: number | "graphql", times: number): void;
  close(): Promise<void>;
}

interface SaidOfSpan {
  spanId: string;
  values: { name: string; score?: number | undefined; label?: string | undefined; text?: string | undefined }[];
}

interface State {
  apiKey: string;
  spaceId: string;
  spans: ReceivedSpan[];
  annotations: SaidOfSpan[];
  monitors: Monitors;
  failures: { status: number | "graphql"; left: number };
}

const Annotate = z.object({
  project_id: z.string(),
  start_time: z.iso.datetime().optional(),
  end_time: z.iso.datetime().optional(),
  annotations: z
    .array(
      z.object({
        record_id: z.string(),
        values: z.array(
          z.object({
            name: z.string(),
            score: z.number().optional(),
            label: z.string().optional(),
            text: z.string().optional(),
          }),
        ),
      }),
    )
    .max(1_000),
});
const GraphRequest = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()).default({}) });

const kept = 5_000;
const maxBodyBytes = 16 * 1024 * 1024;

/** Arize AX on loopback: takes traces, annotations of spans, and keeps monitors. https://arize.com/docs/ax */
export async function startArizeSimulator(options: {
  apiKey: string;
  spaceId: string;
  seed?: number;
}): Promise<ArizeSimulator> {
  const { apiKey, spaceId, seed = 1 } = options;
  const state: State = {
    apiKey,
    spaceId,
    spans: [],
    annotations: [],
    monitors: new Monitors({ seed, spaceId }),
    failures: { status: 0, left: 0 },
  };
  const served = await serve((request, response) => handle(state, request, response));
  return {
    url: served.origin,
    spaceId,
    spans: () => state.spans,
    annotations: () => state.annotations,
    monitors: () => state.monitors.list(),
    fail: (status, times) => void Object.assign(state.failures, { status, left: times }),
    close: served.close,
  };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  if (state.failures.left > 0) {
    state.failures.left -= 1;
    const { status } = state.failures;
    if (status === "graphql") return sendJson(response, 200, { data: null, errors: [{ message: "VENDOR TEXT: no" }] });
    return sendJson(response, status, { title: "VENDOR TEXT: simulated failure", status });
  }
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const route = `${request.method} ${pathname}`;
  if (route === "POST /v1/traces") return takeTraces(state, { request, body, response });
  if (route === "POST /graphql") return await askGraph(state, { request, body, response });
  if (request.headers.authorization !== `Bearer ${state.apiKey}`) {
    return sendJson(response, 401, { title: "Unauthorized", status: 401 });
  }
  if (route === "GET /v2/spaces") {
    return sendJson(response, 200, {
      spaces: [{ id: state.spaceId, name: "Simulated space" }],
      pagination: { has_more: false },
    });
  }
  if (route === "GET /v2/projects") {
    const name = searchParams.get("name") ?? "";
    const projects = projectsOf(state).filter((project) => project.name.includes(name));
    return sendJson(response, 200, { projects, pagination: { has_more: false } });
  }
  if (route === "POST /v2/spans/annotate") return annotate(state, body, response);
  sendJson(response, 404, { title: "Not Found", status: 404 });
}

function takeTraces(
  state: State,
  { request, body, response }: { request: IncomingMessage; body: Buffer; response: ServerResponse },
): void {
  const isKnown =
    request.headers["arize-api-key"] === state.apiKey && request.headers["arize-space-id"] === state.spaceId;
  if (!isKnown) return sendJson(response, 401, { title: "Unauthorized", status: 401 });
  if (request.headers["content-type"] !== "application/x-protobuf") {
    return sendJson(response, 415, { title: "Unsupported Media Type", status: 415 });
  }
  state.spans.push(...readOtlp(body));
  state.spans.splice(0, state.spans.length - kept);
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
}

async function askGraph(
  state: State,
  { request, body, response }: { request: IncomingMessage; body: Buffer; response: ServerResponse },
): Promise<void> {
  if (request.headers["x-api-key"] !== state.apiKey)
    return sendJson(response, 401, { errors: [{ message: "Unauthorized" }] });
  const parsed = GraphRequest.safeParse(parseJson(body));
  if (!parsed.success) return sendJson(response, 400, { errors: [{ message: "Must provide query string." }] });
  sendJson(response, 200, await state.monitors.answer(parsed.data));
}

/** All or nothing: one span that is not known refuses the whole request, as the vendor does. */
function annotate(state: State, body: Buffer, response: ServerResponse): void {
  const parsed = Annotate.safeParse(parseJson(body));
  if (!parsed.success) return sendJson(response, 400, { title: "Bad Request", status: 400 });
  const { annotations, project_id: projectId } = parsed.data;
  const isKnown = annotations.every(({ record_id: id }) => state.spans.some(({ spanId }) => spanId === id));
  if (!isKnown || !projectsOf(state).some(({ id }) => id === projectId)) {
    return sendJson(response, 404, { title: "Not Found", status: 404 });
  }
  for (const { record_id: spanId, values } of annotations) state.annotations.push({ spanId, values });
  response.writeHead(202).end();
}

function projectsOf({ spans, spaceId }: State): { id: string; name: string; space_id: string }[] {
  const named = spans.map(({ resource }) => resource["openinference.project.name"]);
  const names = [...new Set(named.filter((name) => typeof name === "string"))];
  return names.map((name) => ({ id: Buffer.from(`Project:${name}`).toString("base64"), name, space_id: spaceId }));
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
