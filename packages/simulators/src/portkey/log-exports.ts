import { randomUUID } from "node:crypto";
import { z } from "zod";
import { type LoggedRequest, selectRequests } from "./request-log.ts";

const ExportRequest = z.looseObject({
  filters: z.record(z.string(), z.union([z.string(), z.number()])),
  requested_data: z.array(z.string()).min(1),
});

interface LogExport {
  item: Record<string, unknown> & { id: string; status: string };
  rows: string[];
  /** Looks until it is done. */
  looksLeft: number;
}

export interface Answer {
  status: number;
  body: unknown;
}

export interface LogExports {
  /** A route below `/logs/exports`; `undefined`: there is no such route. */
  answer(method: string, path: string, body: unknown): Answer | undefined;
  /** The rows of a finished export, as lines of JSON. */
  download(id: string): string | undefined;
}

const organisation = "00000000-0000-4000-8000-000000000001";
const workspace = "00000000-0000-4000-8000-000000000002";
const missing: Answer = { status: 404, body: { status: "failure", message: "export not found" } };

/** Exports as the vendor has them: made as a draft, started, looked after until done, and fetched from a signed address. */
export function createLogExports(options: { requests: readonly LoggedRequest[]; baseUrl(): string }): LogExports {
  const known = new Map<string, LogExport>();

  function create(body: unknown): Answer {
    const parsed = ExportRequest.safeParse(body);
    if (!parsed.success) return { status: 400, body: { status: "failure", message: "filters are required" } };
    const { filters, requested_data: names } = parsed.data;
    const query = new URLSearchParams(
      Object.entries(filters).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const rows = selectRequests(options.requests, query).map((request) => JSON.stringify(pick(request, names)));
    const item = buildDraft(filters, names);
    known.set(item.id, { item, rows, looksLeft: 1 });
    return { status: 200, body: { id: item.id, total: rows.length, object: "export" } };
  }

  function act(found: LogExport, method: string, action: string | undefined): Answer | undefined {
    const { item } = found;
    if (method === "GET" && action === undefined) {
      if (item.status === "in_progress" && found.looksLeft-- <= 0) item.status = "success";
      return { status: 200, body: item };
    }
    if (method === "POST" && action === "start") {
      item.status = "in_progress";
      return { status: 200, body: { message: "Export job started", object: "export" } };
    }
    if (method === "POST" && action === "cancel") {
      item.status = "stopped";
      return { status: 200, body: { message: "Export job stopped", object: "export" } };
    }
    if (method === "GET" && action === "download") {
      if (item.status !== "success") {
        return { status: 400, body: { status: "failure", message: "export is not finished" } };
      }
      return { status: 200, body: { signed_url: `${options.baseUrl()}/signed/${item.id}` } };
    }
    return undefined;
  }

  return {
    answer(method, path, body) {
      if (path === "" && method === "POST") return create(body);
      if (path === "" && method === "GET") {
        const data = [...known.values()].map(({ item }) => item);
        return { status: 200, body: { object: "list", total: data.length, data } };
      }
      const [, id = "", action] = /^\/([\w-]+)(?:\/(\w+))?$/.exec(path) ?? [];
      const found = known.get(id);
      return found ? act(found, method, action) : missing;
    },
    download(id) {
      const found = known.get(id);
      return found?.item.status === "success" ? found.rows.map((row) => `${row}\n`).join("") : undefined;
    },
  };
}

function buildDraft(filters: object, names: readonly string[]) {
  const now = new Date().toISOString();
  return {
    id: randomUUID(),
    organisation_id: organisation,
    filters,
    requested_data: names,
    status: "draft",
    description: "",
    created_at: now,
    last_updated_at: now,
    created_by: organisation,
    workspace_id: workspace,
    object: "export",
  };
}

function pick(request: LoggedRequest, names: readonly string[]): Record<string, unknown> {
  const columns: Record<string, unknown> = {
    id: request.id,
    trace_id: request.traceId,
    created_at: new Date(request.at).toISOString(),
    is_success: request.status < 400,
    ai_org: request.provider,
    ai_model: request.model,
    req_units: request.promptTokens,
    res_units: request.completionTokens,
    total_units: request.promptTokens + request.completionTokens,
    cost: request.cost,
    cost_currency: "USD",
    response_time: request.latencyMs,
    response_status_code: request.status,
    metadata: request.metadata,
  };
  return Object.fromEntries(names.flatMap((name) => (name in columns ? [[name, columns[name]]] : [])));
}
