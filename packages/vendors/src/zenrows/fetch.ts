import { fromResponse } from "@sophia/core/http/failures";
import type { Http, HttpReply } from "@sophia/core/http/http";
import { z } from "zod";
import { readCost, type ZenRowsCost } from "./cost.ts";
import { codeOf, explainFailure, readErrorCode } from "./error-codes.ts";
import { fetchQuery, type ZenRowsFetch } from "./fetch-options.ts";
import { policyOf } from "./operations.ts";

/** By the content type of what came, not by what was asked for. Untrusted. */
export type ZenRowsContent =
  | { kind: "html" | "markdown" | "text"; text: string }
  | { kind: "json"; json: unknown }
  | { kind: "pdf" | "png" | "jpeg" | "other"; bytes: Buffer; contentType: string };

export interface ZenRowsReply {
  content: ZenRowsContent;
  /** After redirects. */
  finalUrl: string;
  /** 200, or the target's own where it was asked for. */
  status: number;
  /** For the vendor's support. */
  requestId: string | null;
  cost: ZenRowsCost;
}

export interface ZenRowsFetches {
  /** One page, one try at one power; what the vendor refuses as too little is not tried again: see `escalate.ts`. */
  fetchPage(request: ZenRowsFetch, signal: AbortSignal): Promise<ZenRowsReply>;
  /** By the vendor's models; where the domain has none of them, by its parsers. */
  extractRecords(request: ZenRowsFetch, signal: AbortSignal): Promise<ZenRowsReply & { by: "models" | "parsers" }>;
}

const pageBytes = 32 * 1024 * 1024;
const Bytes = z.instanceof(Buffer);
/** Statuses that a target's own page may have and that mean nothing else to the limiter. */
const ofTargets = range(400, 599).filter((status) => ![402, 413, 422, 424, 429, 502, 503, 504].includes(status));

/** https://docs.zenrows.com/universal-scraper-api/api-reference */
export function createFetches(http: Http): ZenRowsFetches {
  async function fetchPage(request: ZenRowsFetch, signal: AbortSignal): Promise<ZenRowsReply> {
    const query = fetchQuery(request);
    const { body } = request;
    const reply = await http.request({
      ...policyOf(body === undefined ? "fetch" : "fetch_with_body"),
      method: body === undefined ? "GET" : "POST",
      path: "/",
      query,
      // With custom headers it goes on to the target, which gives its readers HTML for it.
      headers: { accept: "*/*", ...request.headers },
      ...(body !== undefined && { body: typeof body === "string" ? new URLSearchParams(body) : body }),
      as: "bytes",
      schema: Bytes,
      maxBytes: pageBytes,
      answers: request.originalStatus === true ? ofTargets : [],
      signal,
    });
    refuseOwnErrors(reply);
    const { headers, status, data } = reply;
    return {
      content: readContent(data, headers["content-type"] ?? ""),
      finalUrl: headers["zr-final-url"] ?? request.url,
      status,
      requestId: headers["x-request-id"] ?? null,
      cost: readCost(headers, request.power ?? "basic"),
    };
  }

  return {
    fetchPage,
    async extractRecords(request, signal) {
      try {
        return { ...(await fetchPage({ ...request, extract: "auto" }, signal)), by: "models" };
      } catch (error) {
        if (codeOf(error) !== "AUTH010") throw error;
        return { ...(await fetchPage({ ...request, autoparse: true }, signal)), by: "parsers" };
      }
    },
  };
}

/** With the target's own status, only the code tells ZenRows' refusals from the target's pages. */
function refuseOwnErrors({ status, data }: HttpReply<Buffer>): void {
  if (status < 300 || data.length > 20_000) return;
  const text = data.toString("utf8");
  const body = parse(text);
  if (readErrorCode(body) === undefined) return;
  throw fromResponse({
    service: "zenrows",
    status,
    text: text.slice(0, 500),
    understood: explainFailure(status, body),
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readContent(bytes: Buffer, contentType: string): ZenRowsContent {
  const [type = ""] = contentType.toLowerCase().split(";");
  switch (type.trim()) {
    case "application/json":
      return readJson(bytes, contentType);
    case "text/markdown":
      return { kind: "markdown", text: decode(bytes, contentType) };
    case "application/pdf":
      return { kind: "pdf", bytes, contentType };
    case "image/png":
      return { kind: "png", bytes, contentType };
    case "image/jpeg":
      return { kind: "jpeg", bytes, contentType };
    case "text/html":
    case "application/xhtml+xml":
      return { kind: "html", text: decode(bytes, contentType) };
    default:
      return type.startsWith("text/")
        ? { kind: "text", text: decode(bytes, contentType) }
        : { kind: "other", bytes, contentType };
  }
}

/** A target may call JSON what is none. */
function readJson(bytes: Buffer, contentType: string): ZenRowsContent {
  const text = decode(bytes, contentType);
  const json = parse(text);
  return json === undefined ? { kind: "text", text } : { kind: "json", json };
}

function decode(bytes: Buffer, contentType: string): string {
  const label = /charset="?([\w-]+)/i.exec(contentType)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
