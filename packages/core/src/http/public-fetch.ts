import type { Logger } from "pino";
import type { Dispatcher } from "undici";
import { AppError } from "../errors/app-error.ts";
import { systemClock, type Clock } from "../limits/clock.ts";
import { createMemoryLimitStore } from "../limits/limit-store.ts";
import { createPacer, type Pacer } from "../limits/pacer.ts";
import { parseRetryAfter } from "../limits/retry-after.ts";
import type { ConcurrencyRule, LimitRow, RateRule } from "../limits/rules.ts";
import { bareHost, createAddressPolicy, type AddressPolicyOptions } from "./address.ts";
import { acceptedEncodings, readBody } from "./body.ts";
import { startDeadline, type Deadline } from "./deadline.ts";
import { exchange, redirectTarget, type Answer } from "./exchange.ts";
import { fromFailure, timedOut } from "./failures.ts";
import { createGuardedDispatcher, type Resolve } from "./guarded-dispatcher.ts";
import type { HttpCall, HttpObserver } from "./http.ts";
import { checkHeaders } from "./target.ts";

export interface PublicFetchOptions extends AddressPolicyOptions {
  log: Logger;
  clock?: Clock;
  /** What one host is asked of us at most. Default one request a second, two in flight. */
  limits?: { rate?: RateRule; concurrency?: ConcurrencyRule };
  /** Sees every fetch as the service "web": hosts are no labels. */
  observer?: Pick<HttpObserver, "call">;
  /** Share it between processes through Redis; in memory otherwise. */
  pacer?: Pacer;
  userAgent?: string;
  resolve?: Resolve;
  connectTimeoutMs?: number;
  /** PEM of a private authority, in tests. */
  ca?: string;
}

export interface PublicFetchRequest {
  signal: AbortSignal;
  /** Default 10 MiB, before and after unpacking. */
  maxBytes?: number;
  /** Total, with waits and redirects. Default 20 s. */
  timeoutMs?: number;
  headers?: Readonly<Record<string, string>>;
  method?: "GET" | "HEAD";
}

export interface PublicPage {
  /** After redirects. */
  finalUrl: string;
  /** Any status: a missing page is an answer too. */
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Fetches what a stranger's URL names, from the public web only. */
export interface PublicFetch {
  (url: string, request: PublicFetchRequest): Promise<PublicPage>;
}

const maxRedirects = 3;
const defaultMaxBytes = 10 * 1024 * 1024;
const defaultTimeoutMs = 20_000;
const politeRate: RateRule = { requests: 1, perMs: 1_000, capacityFraction: 1, burst: 2 };
const politeConcurrency: ConcurrencyRule = { concurrent: 2 };

/** SSRF-safe fetch: the address is checked as written, as resolved, at connect, and again on each redirect. */
export function createPublicFetch(options: PublicFetchOptions): PublicFetch {
  const { log, clock = systemClock, userAgent } = options;
  const policy = createAddressPolicy(options);
  const dispatcher = createGuardedDispatcher({ ...options, policy });
  const pacer = options.pacer ?? createPacer({ store: createMemoryLimitStore({ clock }), clock });
  const row: LimitRow = {
    class: "page",
    rate: options.limits?.rate ?? politeRate,
    concurrency: options.limits?.concurrency ?? politeConcurrency,
    source: "our own manners towards hosts that publish no limit",
  };

  async function fetchPage(text: string, request: PublicFetchRequest, context: FetchContext): Promise<PublicPage> {
    let url = policy.checkUrl(text);
    let page = await fetchOnce(url, request, context);
    for (let hops = 0; typeof page === "string"; hops++) {
      if (hops >= maxRedirects) throw refusedRedirect("It redirects more than three times.");
      try {
        const next = policy.checkUrl(page);
        if (url.protocol === "https:" && next.protocol === "http:") {
          throw refusedRedirect("It redirects from https to plain http.");
        }
        // Paths and parameters of strangers' pages may hold keys and particulars of people.
        log.debug({ from: url.origin, to: next.origin }, "redirect followed");
        url = next;
        page = await fetchOnce(url, request, context);
      } catch (error) {
        const isElsewhere = error instanceof AppError && error.kind === "denied" && !isRefusedRedirect(error);
        throw isElsewhere ? refusedRedirect("It redirects to an address that is not.", error) : error;
      }
    }
    return page;
  }

  return async (text, request) => {
    const startedAt = clock.monotonic();
    const deadline = startDeadline(clock, request.timeoutMs ?? defaultTimeoutMs, request.signal);
    const call = startCall(request.method ?? "GET");
    try {
      const page = await fetchPage(text, request, { call, clock, deadline, dispatcher, pacer, row, userAgent });
      call.outcome = "ok";
      return page;
    } catch (error) {
      const explained = explain(error, deadline, request.signal);
      if (explained instanceof AppError) call.outcome = explained.kind;
      throw explained;
    } finally {
      deadline.end();
      options.observer?.call?.({ ...call, durationMs: clock.monotonic() - startedAt });
    }
  };
}

function startCall(method: HttpCall["method"]): HttpCall {
  const counts = { status: undefined, attempts: 1, waitedMs: 0, durationMs: 0 };
  return { service: "web", operation: "page", method, outcome: "cancelled", ...counts };
}

interface FetchContext {
  call: HttpCall;
  clock: Clock;
  deadline: Deadline;
  dispatcher: Dispatcher;
  pacer: Pacer;
  row: LimitRow;
  userAgent: string | undefined;
}

/** A page, or the address it redirects to. */
async function fetchOnce(url: URL, request: PublicFetchRequest, context: FetchContext): Promise<PublicPage | string> {
  const { deadline } = context;
  const host = bareHost(url);
  const pass = await context.pacer.enter({
    service: host,
    key: `host:${host}`,
    row: context.row,
    weight: 1,
    deadlineAt: deadline.at,
    signal: deadline.signal,
  });
  context.call.waitedMs += pass.waitedMs;
  try {
    const answer = await exchange(
      { url, method: request.method ?? "GET", headers: headersFor(request, context), body: undefined },
      {
        dispatcher: context.dispatcher,
        signal: deadline.signal,
        watch: { started: false, once: false },
        headersTimeoutMs: 15_000,
        bodyTimeoutMs: 15_000,
      },
    );
    context.call.status = answer.status;
    const isRejected = answer.status === 429 || answer.status === 503;
    if (isRejected) await pauseHost(host, answer, context);
    const page = await readAnswer(url, answer, request.maxBytes ?? defaultMaxBytes);
    pass.leave(isRejected ? "rejected" : "accepted");
    return page;
  } finally {
    pass.leave("failed");
  }
}

/** "Later" is said to all of us, not to the one call that was told. */
async function pauseHost(host: string, answer: Answer, { pacer, row, clock }: FetchContext): Promise<void> {
  const { "retry-after": value, date } = answer.headers;
  const pauseMs = parseRetryAfter(value, { wallMs: clock.now(), date });
  if (pauseMs !== undefined) await pacer.pause({ key: `host:${host}`, row }, pauseMs);
}

async function readAnswer(url: URL, answer: Answer, maxBytes: number): Promise<PublicPage | string> {
  const target = redirectTarget(answer);
  if (target !== undefined) {
    answer.body.on("error", () => undefined).destroy();
    return target;
  }
  const body = await readBody(answer.body, answer.headers["content-encoding"], { maxBytes });
  return { finalUrl: url.href, status: answer.status, headers: answer.headers, body };
}

function headersFor(request: PublicFetchRequest, context: FetchContext): Record<string, string> {
  const headers: Record<string, string> = {
    accept: "text/html,application/xhtml+xml,*/*;q=0.8",
    "user-agent": context.userAgent ?? "Mozilla/5.0 (compatible; sophia)",
    ...Object.fromEntries(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
    "accept-encoding": acceptedEncodings,
  };
  checkHeaders(headers);
  return headers;
}

function explain(error: unknown, deadline: Deadline, signal: AbortSignal): unknown {
  if (error instanceof AppError) return error;
  if (deadline.expired) return timedOut("The page", error);
  return signal.aborted ? error : fromFailure("The page", error);
}

class RefusedRedirectError extends Error {}

function refusedRedirect(reason: string, target?: AppError): AppError {
  return new AppError("denied", `This address is not fetched. ${reason}`, {
    hint: target?.hint ?? "Give the final address directly.",
    cause: new RefusedRedirectError(reason, { cause: target }),
  });
}

/** Whether the address itself was fine, and only where it led to was not. */
export function isRefusedRedirect(error: unknown): boolean {
  return error instanceof AppError && error.cause instanceof RefusedRedirectError;
}
