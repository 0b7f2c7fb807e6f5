import { AppError } from "@sophia/core/errors/app-error";
import type { Http, HttpMethod } from "@sophia/core/http/http";
import { z } from "zod";
import { parseWireJson, type WireJson } from "./parse-wire-json.ts";

/** One request to Pulumi Cloud, path and query below `/api/esc`. */
export interface EscRequest {
  method: HttpMethod;
  /** As the SDK builds it: values encoded, perhaps a query behind it. */
  path: string;
  query?: Readonly<Record<string, string | number | undefined>>;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** Statuses from 300 on that are answers. */
  answers?: readonly number[];
  signal?: AbortSignal;
}

export interface EscAnswer {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  text: string;
  /** The body when it is JSON. */
  json: WireJson | undefined;
}

export type EscTransport = (request: EscRequest) => Promise<EscAnswer>;

/** POSTs that change nothing: asking twice does no harm. */
const readsByPost = /\/(open|check)$/;

/** Everything that goes to Pulumi Cloud goes through core's spine: one deadline, one set of caps, one mapping of errors. */
export function createEscTransport(http: Http): EscTransport {
  return async (request) => {
    const [path = "", search = ""] = request.path.split("?");
    const reply = await withoutVendorText(
      http.request({
        method: request.method,
        path,
        query: { ...Object.fromEntries(new URLSearchParams(search)), ...request.query },
        schema: z.string().optional(),
        as: "text",
        idempotent: request.method === "GET" || request.method === "HEAD" || readsByPost.test(path),
        ...(request.headers !== undefined && { headers: request.headers }),
        ...(request.body !== undefined && { body: request.body }),
        ...(request.answers !== undefined && { answers: request.answers }),
        ...(request.signal !== undefined && { signal: request.signal }),
      }),
    );
    const text = reply.data ?? "";
    return { status: reply.status, headers: reply.headers, text, json: parseBody(reply.headers, text) };
  };
}

/**
 * Elsewhere what a vendor said goes along as the cause, for the log, which knows every secret of ours. Here it may hold
 * a value of an environment, which nobody knows yet.
 */
async function withoutVendorText<Reply>(work: Promise<Reply>): Promise<Reply> {
  try {
    return await work;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.status === undefined) throw thrown;
    const { kind, message, hint, service, status, retryAfterMs, retryable } = thrown;
    throw new AppError(kind, message, {
      status,
      retryable,
      ...(hint !== undefined && { hint }),
      ...(service !== undefined && { service }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
}

function parseBody(headers: Readonly<Record<string, string>>, text: string): WireJson | undefined {
  if (text === "" || !/^application\/(.+\+)?json\b/i.test(headers["content-type"] ?? "")) return undefined;
  try {
    return parseWireJson(text);
  } catch (thrown) {
    throw new AppError("upstream", "Bad reply from pulumi-esc: it is not sound JSON.", {
      service: "pulumi-esc",
      hint: "Try again later.",
      cause: thrown,
    });
  }
}
