import type { Dispatcher } from "undici";
import type { StartWatch } from "./dispatcher.ts";
import type { Prepared } from "./prepare.ts";

/** A status line and headers have arrived; the body is still on its way. */
export interface Answer {
  url: URL;
  status: number;
  /** Lower-case names; repeated headers joined with a comma. */
  headers: Record<string, string>;
  body: Dispatcher.ResponseData["body"];
}

export interface ExchangeOptions {
  dispatcher: Dispatcher;
  signal: AbortSignal;
  watch: StartWatch;
  headersTimeoutMs: number;
  bodyTimeoutMs: number;
}

export async function exchange(request: Prepared, options: ExchangeOptions): Promise<Answer> {
  const { url } = request;
  const reply = await options.dispatcher.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: request.method,
    headers: request.headers,
    body: request.body ?? null,
    signal: options.signal,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    opaque: options.watch,
  });
  return { url, status: reply.statusCode, headers: flatten(reply.headers), body: reply.body };
}

/** Where a redirect leads; `undefined` when the answer is none or names no place. */
export function redirectTarget(answer: Answer): string | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.status)) return undefined;
  const location = answer.headers["location"];
  return location !== undefined && URL.canParse(location, answer.url.href)
    ? new URL(location, answer.url).href
    : undefined;
}

function flatten(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );
}
