import type { Logger } from "pino";
import type { Dispatcher } from "undici";
import type { z } from "zod";
import type { BreakerRules, BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import type { Pacer } from "../limits/pacer.ts";
import type { LimitRow } from "../limits/rules.ts";
import type { HttpAuthSource } from "./auth.ts";
import { createServiceCalls } from "./service-calls.ts";
import type { DirectRelay, DirectReply, DirectRequest } from "./direct-calls.ts";
import type { VendorFailure } from "./failures.ts";
import { decodedChunks } from "./body.ts";
import { parseReply } from "./reply.ts";
import type { Query } from "./target.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One finished call, for counters and histograms. `operation` and `outcome` come from short fixed lists. */
export interface HttpCall {
  service: string;
  operation: string;
  method: HttpMethod;
  /** "ok" or the kind of the error. */
  outcome: string;
  status: number | undefined;
  attempts: number;
  /** Time spent waiting for limits, part of `durationMs`. */
  waitedMs: number;
  durationMs: number;
}

/** Metrics and traces, injected; the spine knows neither library. */
export interface HttpObserver {
  call?(call: HttpCall): void;
  breaker?(service: string, operation: string, state: BreakerState): void;
  /** False: `span` would only run its work. */
  isTracing?(): boolean;
  /** Runs `work` inside a client span. `set` adds attributes that are known only later. */
  span?<T>(
    name: string,
    attributes: Readonly<Record<string, string | number | boolean>>,
    work: (set: (name: string, value: string | number) => void) => Promise<T>,
  ): Promise<T>;
}

export interface HttpOptions {
  /** One of the services, as it shall appear in errors, metrics and limit keys. */
  service: string;
  /** With the path prefix of the API, if any. For a Unix socket any host will do: `http://docker/v1.47`. */
  baseUrl: string;
  auth?: HttpAuthSource;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>>;
  /** First match wins. Without a matching row only the Retry-After gate applies. */
  limits?: readonly LimitRow[];
  log: Logger;
  clock?: Clock;
  /** Share one per process (or over Redis), so that two clients with the same credential share its limits. */
  pacer?: Pacer;
  observer?: HttpObserver;
  /** Total for one call with all its waits and retries. Default 30 s. */
  timeoutMs?: number;
  connectTimeoutMs?: number;
  /** Default 10 MiB, before and after unpacking. */
  maxBytes?: number;
  /** All attempts of one call, the first included. Default 4. */
  attempts?: number;
  breaker?: Partial<BreakerRules>;
  /** Longest wait for limits and pauses; a longer one is refused at once with its time. Default: to the deadline. */
  maxWaitMs?: number;
  socketPath?: string;
  /** PEM file of a private certificate authority. */
  caFile?: string;
  /** Private places redirects may lead to, e.g. the storage of a service in the user's own network. See AddressPolicyOptions. */
  allowPrivate?: readonly string[];
  /** How this vendor words its errors: the parsed body (or its text) → our kind and hint. */
  explain?(status: number, body: unknown): VendorFailure | undefined;
  /** A vendor's own header for "when to come back", in seconds or as a date, beside Retry-After. */
  retryAfterHeader?: string;
  /** See {@link HttpRequest.keepBigIntegers}. */
  keepBigIntegers?: boolean;
  /** Instead of an own connection pool, in tests. */
  dispatcher?: Dispatcher;
  random?(): number;
}

export interface HttpCallOptions {
  /** Default GET. */
  method?: HttpMethod;
  /** Below the base URL. Build it with `apiPath` where it holds values. */
  path: string;
  query?: Query;
  headers?: Readonly<Record<string, string>>;
  /** An object goes out as JSON, URLSearchParams as a form, text and bytes as they are. */
  body?: unknown;
  /** May be sent twice without harm. Default: every method but POST and PATCH. */
  idempotent?: boolean;
  /** Total, with waits and retries. */
  timeoutMs?: number;
  signal?: AbortSignal;
  maxBytes?: number;
  /** What this call costs of its limit row. Default 1. */
  weight?: number;
  /** A short fixed name for metrics, spans and the breaker. Default: the limit row's class, else the method. */
  operation?: string;
  /** A part of the service that fails by itself, e.g. one model of many: it has a breaker of its own. */
  part?: string;
  /** The caller itself stops asking a place that fails, as the router does: no breaker of ours beside it. Default false. */
  restedByCaller?: boolean;
  /** Redirects to follow, 3 at most, GET and HEAD only. Another origin gets no credential and must be public. Default 0. */
  redirects?: number;
  /** Statuses from 300 on that are an answer to this call, e.g. a 400 with what is wrong in its body. Default none. */
  answers?: readonly number[];
  /** Further span attributes, e.g. `gen_ai.request.model`. */
  attributes?: Readonly<Record<string, string | number | boolean>>;
}

export interface HttpRequest<S> extends HttpCallOptions {
  /** Needed fields only, tolerant. An empty body is parsed as `undefined`. */
  schema: z.ZodType<S>;
  /** How to read the body. Default json. */
  as?: "json" | "text" | "bytes";
  /** Integers beyond 2^53 arrive as strings instead of being rounded. Costs three times the parsing. */
  keepBigIntegers?: boolean;
}

export interface HttpStreamRequest extends HttpCallOptions {
  /** Longest silence between two chunks. Default 30 s. */
  idleTimeoutMs?: number;
}

export interface HttpReply<S> {
  data: S;
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
}

export interface HttpStream {
  status: number;
  headers: Record<string, string>;
  /** Unpacked chunks; the socket is read only as fast as this is. Leaving the loop early frees the socket. */
  body: AsyncGenerator<Buffer, void, undefined>;
}

/** The one way out to a service. All errors are AppErrors (or the reason of the caller's own signal). */
export interface Http {
  request<S>(request: HttpRequest<S>): Promise<HttpReply<S>>;
  /** Retried like `request` until the first byte of the body; never after. `timeoutMs` covers the whole body. */
  stream(request: HttpStreamRequest): Promise<HttpStream>;
  /** A POST by the short way, see {@link DirectCalls}: one attempt, the answer's bytes. */
  postDirect(request: DirectRequest): Promise<DirectReply>;
  /** The same for an answer that comes bit by bit. */
  relayDirect(request: DirectRequest): Promise<DirectRelay>;
  /** Per operation (and part) that was called. */
  breakers(): Record<string, BreakerState>;
  close(): Promise<void>;
}

const defaultMaxBytes = 10 * 1024 * 1024;
const defaultIdleTimeoutMs = 30_000;

/** Deadline → limits → breaker → one exchange → status → schema, with retries around the middle. */
export function createHttp(options: HttpOptions): Http {
  const calls = createServiceCalls(options);
  const fallbackMaxBytes = options.maxBytes ?? defaultMaxBytes;

  async function request<S>(request: HttpRequest<S>): Promise<HttpReply<S>> {
    return await calls.call(request, async (answer) => ({
      data: await parseReply(options.service, answer, {
        schema: request.schema,
        as: request.as ?? "json",
        keepBigIntegers: request.keepBigIntegers ?? options.keepBigIntegers ?? false,
        maxBytes: request.maxBytes ?? fallbackMaxBytes,
      }),
      status: answer.status,
      headers: answer.headers,
    }));
  }

  async function stream(request: HttpStreamRequest): Promise<HttpStream> {
    const idleTimeoutMs = request.idleTimeoutMs ?? defaultIdleTimeoutMs;
    const maxBytes = request.maxBytes ?? fallbackMaxBytes;
    return await calls.open(request, idleTimeoutMs, (answer) =>
      decodedChunks(answer.body, answer.headers["content-encoding"], { maxBytes }),
    );
  }

  return {
    request,
    stream,
    postDirect: (request) => calls.direct.whole(request),
    relayDirect: (request) => calls.direct.relay(request),
    breakers: () => calls.breakers(),
    close: () => calls.close(),
  };
}
