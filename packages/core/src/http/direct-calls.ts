import { Readable } from "node:stream";
import { AppError } from "../errors/app-error.ts";
import { abortReason, type Clock } from "../limits/clock.ts";
import type { LimitRow } from "../limits/rules.ts";
import type { Attempter, CallPlan, OpenedCall } from "./attempt.ts";
import { authHeaders, authQuery, credentialId, type HttpAuth, type HttpAuthSource, resolveAuth } from "./auth.ts";
import { readBody, UnknownEncodingError } from "./body.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { DeadlineSweep } from "./deadline-sweep.ts";
import { collectBody, type DirectHead, type DirectSink } from "./direct-exchange.ts";
import { timedOut } from "./failures.ts";
import type { HttpOptions } from "./http.ts";
import { type Prepared, prepareRequest } from "./prepare.ts";

/** A POST of JSON to a fixed path, made once and never again. */
export interface DirectRequest {
  path: string;
  /** JSON, encoded. */
  body: string | Buffer;
  headers?: Readonly<Record<string, string>>;
  /** See HttpCallOptions. */
  operation: string;
  part?: string;
  restedByCaller?: boolean;
  timeoutMs: number;
  maxBytes: number;
  /** Longest silence between two chunks. Default 60 s. */
  idleTimeoutMs?: number;
  signal: AbortSignal;
}

export interface DirectReply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export interface DirectRelay extends Omit<DirectReply, "body"> {
  /** Where the chunks go; once. They wait, and the socket with them, until then. */
  pipe(sink: DirectSink): void;
  /** After `data` said false. */
  resume(): void;
  /** The reader has all it wants: the call has succeeded, and its end is waited for a moment only. */
  finish(): void;
  /** What comes is of no use: the call has failed with this, and its socket is freed. */
  cancel(error: unknown): void;
}

const defaultIdleTimeoutMs = 60_000;
const maxRemembered = 64;
const lastBytesMs = 1_000;

/**
 * The spine's short way for calls that come by the thousand: the same deadline, byte cap, limits, pauses, breaker,
 * errors and metrics as {@link Http.request}, but one attempt, no redirect, and bytes instead of streams and schemas.
 */
export class DirectCalls {
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #attempter: Attempter;
  readonly #sweep: DeadlineSweep;
  readonly #base: { url: URL; headers: Readonly<Record<string, string>> };
  readonly #prepared = new Map<string, Prepared>();
  #auth: { secret: unknown; headers: Record<string, string>; key: string } | undefined;

  constructor(parts: { options: HttpOptions; clock: Clock; attempter: Attempter }) {
    this.#options = parts.options;
    this.#clock = parts.clock;
    this.#attempter = parts.attempter;
    this.#sweep = new DeadlineSweep(parts.clock);
    this.#base = { url: new URL(parts.options.baseUrl), headers: parts.options.headers ?? {} };
  }

  async whole(request: DirectRequest): Promise<DirectReply> {
    return await this.#run(request, false, async (opened, head) => {
      const bytes = await collectBody(opened.exchange);
      const encoding = head.headers["content-encoding"];
      const body = encoding === undefined ? bytes : await unpack(bytes, String(encoding), request.maxBytes);
      opened.succeed();
      return { status: head.status, headers: flatten(head.headers), body };
    });
  }

  /** Resolves with the head; the call lasts until its sink has heard the end. */
  async relay(request: DirectRequest): Promise<DirectRelay> {
    return await this.#run(request, true, (opened, head, { end, call }) => {
      const encoding = head.headers["content-encoding"];
      if (encoding !== undefined && encoding !== "identity") throw new UnknownEncodingError();
      return Promise.resolve({
        status: head.status,
        headers: flatten(head.headers),
        pipe: (sink: DirectSink) => opened.exchange.pipe(watchSink(sink, opened, end)),
        resume: () => opened.exchange.resume(),
        finish: () => this.#finish(opened, call),
        cancel: (error: unknown) => opened.exchange.cancel(error),
      });
    });
  }

  /** `use` makes something of the head. Deadline and signal hold until then, or until `end` where the call goes on. */
  async #run<T>(
    request: DirectRequest,
    goesOn: boolean,
    use: (opened: OpenedCall, head: DirectHead, going: { call: CallPlan; end: () => void }) => Promise<T>,
  ): Promise<T> {
    const startedAt = this.#clock.monotonic();
    const { auth: source } = this.#options;
    const auth = typeof source === "function" ? await this.#fetchAuth(source, request) : source;
    const call = this.#plan(request, startedAt, auth);
    const { observer, service } = this.#options;
    const outcome = { name: "ok" };
    let isDone = true;
    let opened: OpenedCall | undefined;
    const cancel = (): void => opened?.exchange.cancel(abortReason(request.signal));
    const end = (): void => {
      this.#sweep.end(call);
      request.signal.removeEventListener("abort", cancel);
    };
    try {
      const work = async (): Promise<T> => {
        const opening = this.#attempter.open(call, request.maxBytes);
        opened = opening instanceof Promise ? await opening : opening;
        const { exchange } = opened;
        this.#sweep.start(call, call.deadline.at, () => {
          (call.deadline as { expired: boolean }).expired = true;
          exchange.cancel(lateReason);
        });
        request.signal.addEventListener("abort", cancel);
        if (request.signal.aborted) cancel();
        const head = await opened.head();
        const value = await use(opened, head, { call, end });
        isDone = !goesOn;
        return value;
      };
      if (!observer?.span || observer.isTracing?.() === false) return await work();
      return await observer.span(`POST ${service}`, this.#attributes(call), async (set) => {
        const value = await work();
        if (call.status !== undefined) set("http.response.status_code", call.status);
        return value;
      });
    } catch (thrown) {
      const error = opened ? opened.fail(thrown) : thrown;
      // Nobody reads what still comes, and nobody counts its time.
      opened?.exchange.cancel(thrown);
      outcome.name = error instanceof AppError ? error.kind : "cancelled";
      throw error;
    } finally {
      if (isDone) end();
      this.#report(call, outcome.name, startedAt);
    }
  }

  #report({ operation, status, attempts, waitedMs }: CallPlan, outcome: string, startedAt: number): void {
    const { observer, service } = this.#options;
    const durationMs = this.#clock.monotonic() - startedAt;
    observer?.call?.({ service, operation, method: "POST", outcome, status, attempts, waitedMs, durationMs });
  }

  /** A sender that says it is done and keeps the connection open holds neither the socket nor a place for long. */
  #finish(opened: OpenedCall, call: CallPlan): void {
    opened.succeed();
    this.#sweep.start(call, this.#clock.monotonic() + lastBytesMs, () => opened.exchange.cancel(lateReason));
  }

  #plan(request: DirectRequest, startedAt: number, auth: HttpAuth | undefined): CallPlan {
    const { path, body, operation, part, restedByCaller = false, signal, timeoutMs } = request;
    const deadline: Deadline = { at: startedAt + timeoutMs, signal, expired: false, end: () => {} };
    const { headers, key } = this.#credential(auth);
    const known = this.#prepare(path, auth);
    return {
      prepared: {
        ...known,
        headers: request.headers
          ? { ...known.headers, ...headers, ...request.headers }
          : { ...known.headers, ...headers },
        body,
      },
      row: this.#rowOf(path),
      key,
      secretParameter: auth?.in === "query" ? auth.name : undefined,
      operation,
      part,
      restedByCaller,
      weight: 1,
      idempotent: true,
      redirects: 0,
      answers: [],
      bodyTimeoutMs: request.idleTimeoutMs ?? defaultIdleTimeoutMs,
      deadline,
      attempts: 0,
      waitedMs: 0,
      status: undefined,
    };
  }

  async #fetchAuth(source: HttpAuthSource, { timeoutMs, signal }: DirectRequest): Promise<HttpAuth | undefined> {
    const deadline = startDeadline(this.#clock, timeoutMs, signal);
    try {
      return await resolveAuth(source, deadline);
    } catch (error) {
      throw deadline.expired ? timedOut(this.#options.service, error) : error;
    } finally {
      deadline.end();
    }
  }

  /** What does not depend on the call is worked out once for each path. */
  #prepare(path: string, auth: HttpAuth | undefined): Prepared {
    if (auth?.in === "query") return this.#build(path, authQuery(auth));
    const known = this.#prepared.get(path);
    if (known) return known;
    const prepared = this.#build(path, {});
    if (this.#prepared.size < maxRemembered) this.#prepared.set(path, prepared);
    return prepared;
  }

  #build(path: string, query: Record<string, string>): Prepared {
    // Unpacking costs more than the few hundred bytes that packing would save.
    const headers = { "content-type": "application/json", "accept-encoding": "identity" };
    return prepareRequest(this.#base, { method: "POST", path, query, headers }, undefined);
  }

  #credential(auth: HttpAuth | undefined): { headers: Record<string, string>; key: string } {
    const headers = authHeaders(auth);
    const secret = JSON.stringify(auth?.in === "query" ? authQuery(auth) : headers);
    if (this.#auth?.secret !== secret) {
      this.#auth = { secret, headers, key: `${this.#options.service}:${credentialId(auth)}` };
    }
    return this.#auth;
  }

  #rowOf(path: string): LimitRow | undefined {
    return this.#options.limits?.find(
      (row) => (row.method ?? "POST") === "POST" && (row.path === undefined || row.path.test(path)),
    );
  }

  #attributes(call: CallPlan): Record<string, string | number> {
    const { url } = this.#base;
    return {
      "http.request.method": "POST",
      "server.address": url.hostname,
      "server.port": Number(url.port || (url.protocol === "https:" ? 443 : 80)),
      "sophia.service": this.#options.service,
      "sophia.operation": call.operation,
    };
  }
}

const lateReason = new DOMException("The deadline passed.", "TimeoutError");

/** Settles the call with the end of its body, before the sink hears of it. */
function watchSink(sink: DirectSink, opened: OpenedCall, end: () => void): DirectSink {
  return {
    data: (chunk) => sink.data(chunk),
    end() {
      opened.succeed();
      end();
      sink.end();
    },
    fail(thrown) {
      const error = opened.fail(thrown);
      end();
      sink.fail(error);
    },
  };
}

/** A server that packs although it was asked not to. */
async function unpack(bytes: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  return await readBody(Readable.from([bytes]), encoding, { maxBytes });
}

function flatten(headers: DirectHead["headers"]): Record<string, string> {
  if (isFlat(headers)) return headers;
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    flat[name] = Array.isArray(value) ? value.join(", ") : (value ?? "");
  }
  return flat;
}

function isFlat(headers: DirectHead["headers"]): headers is Record<string, string> {
  for (const name in headers) if (typeof headers[name] !== "string") return false;
  return true;
}
