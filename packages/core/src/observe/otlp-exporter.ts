import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { Logger } from "pino";
import { z } from "zod";
import type { HttpAuthSource } from "../http/auth.ts";
import { createHttp, type Http } from "../http/http.ts";
import type { Clock } from "../limits/clock.ts";
import { type FinishedSpan, toReadableSpan } from "./finished-span.ts";
import { createHttpObserver } from "./http-observer.ts";
import type { Metrics } from "./metrics.ts";

/** A place that takes traces. */
export interface OtlpDestination {
  /** As it shall appear in errors and metrics: `otlp`, or a service's id. */
  service: string;
  /** Up to what precedes `path`. */
  baseUrl: string;
  /** `/v1/traces`, or what is left of it behind `baseUrl`. */
  path: string;
  auth?: HttpAuthSource;
  headers?: Readonly<Record<string, string>>;
  /** Attributes of everything sent: `service.name`, `openinference.project.name`. */
  resource: Readonly<Record<string, string>>;
}

export interface OtlpExporterOptions {
  destination: OtlpDestination;
  log: Logger;
  clock: Clock;
  metrics: Metrics;
  /** Spans that may wait; later ones are dropped and counted. Default 2,048. */
  maxWaiting?: number;
  /** Default 256: a batch is written in a few milliseconds of this thread. */
  maxBatch?: number;
  /** Longest time a span waits for company. Default 1 s. */
  gatherMs?: number;
  /** For one batch, with its second attempt. Default 10 s. */
  timeoutMs?: number;
}

/** How long `close` tries to deliver what is left. */
const lastWordsMs = 3_000;

/**
 * Sends finished spans as OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp). `add` never waits and
 * never throws: beyond the bound, and when a batch cannot be delivered, spans are dropped and counted in
 * `sophia_spans_total`.
 */
export class OtlpExporter {
  readonly #options: Required<OtlpExporterOptions>;
  readonly #http: Http;
  readonly #resource: Resource;
  readonly #count: (outcome: "exported" | "dropped", by: number) => void;
  readonly #waiting: ReadableSpan[] = [];
  readonly #closing = new AbortController();
  #hurry = new AbortController();
  #sending: Promise<void> | undefined;
  #failing = false;

  constructor(options: OtlpExporterOptions) {
    this.#options = { maxWaiting: 2_048, maxBatch: 256, gatherMs: 1_000, timeoutMs: 10_000, ...options };
    const { destination, log, clock, metrics } = options;
    this.#http = createHttp({
      ...destination,
      log,
      clock,
      // No span: telling of the telling would never end.
      observer: { call: createHttpObserver(metrics).call },
      attempts: 2,
      maxWaitMs: this.#options.timeoutMs,
    });
    this.#resource = resourceFromAttributes(destination.resource);
    const spans = metrics.counter("sophia_spans_total", "Spans for traces, by where they go and what became of them.", [
      "destination",
      "outcome",
    ]);
    this.#count = (outcome, by) => spans.increment({ destination: destination.service, outcome }, by);
  }

  addFinished(span: FinishedSpan): void {
    this.add(toReadableSpan(span, this.#resource));
  }

  add(span: ReadableSpan): void {
    const { maxWaiting, maxBatch } = this.#options;
    if (this.#closing.signal.aborted || this.#waiting.length >= maxWaiting) {
      this.#count("dropped", 1);
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= maxBatch) this.#hurry.abort();
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when everything added so far has been delivered or dropped, or after the time of one batch. */
  async flush(): Promise<void> {
    this.#hurry.abort();
    const late = new AbortController();
    const { clock, timeoutMs } = this.#options;
    await Promise.race([this.#sending, clock.sleep(timeoutMs, late.signal).catch(() => {})]);
    late.abort();
  }

  /** Delivers what is left within three seconds, and takes nothing more. */
  async close(): Promise<void> {
    const deadline = AbortSignal.timeout(lastWordsMs);
    deadline.addEventListener("abort", () => this.#closing.abort(deadline.reason), { once: true });
    this.#hurry.abort();
    await this.#sending;
    this.#closing.abort();
    await this.#http.close();
  }

  async #sendAll(): Promise<void> {
    const { clock, gatherMs, maxBatch } = this.#options;
    await clock.sleep(gatherMs, this.#hurry.signal).catch(() => {});
    this.#hurry = new AbortController();
    while (this.#waiting.length > 0) await this.#send(this.#waiting.splice(0, maxBatch));
    this.#sending = undefined;
  }

  async #send(spans: ReadableSpan[]): Promise<void> {
    const { destination, log, timeoutMs } = this.#options;
    try {
      const { data } = await this.#http.request({
        method: "POST",
        path: destination.path,
        headers: { "content-type": "application/x-protobuf", accept: "application/x-protobuf" },
        body: ProtobufTraceSerializer.serializeRequest(spans),
        as: "bytes",
        schema: z.instanceof(Uint8Array).optional(),
        // The receiver knows a span by its ids.
        idempotent: true,
        operation: "traces",
        timeoutMs,
        signal: this.#closing.signal,
      });
      const rejected = readRejected(data);
      this.#count("exported", spans.length - rejected);
      if (rejected > 0) this.#count("dropped", rejected);
      if (this.#failing) log.info({ destination: destination.service }, "traces are delivered again");
      this.#failing = false;
    } catch (error) {
      this.#count("dropped", spans.length);
      if (!this.#failing) {
        const text = "traces cannot be delivered; until they can, spans are dropped and counted";
        log.warn({ err: error, destination: destination.service }, text);
      }
      this.#failing = true;
    }
  }
}

/** A receiver may take a part of a batch only; an answer that is none counts as having taken all. */
function readRejected(answer: Uint8Array | undefined): number {
  if (!answer || answer.length === 0) return 0;
  try {
    return Number(ProtobufTraceSerializer.deserializeResponse(answer).partialSuccess?.rejectedSpans ?? 0);
  } catch {
    return 0;
  }
}
