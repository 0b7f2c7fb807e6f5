import type { Clock } from "@sophia/core/limits/clock";
import type { HttpObserver } from "@sophia/core/http/http";
import type { FinishedSpan } from "@sophia/core/observe/finished-span";
import type { Metrics } from "@sophia/core/observe/metrics";
import { type ArizePlace, toOtlpDestination } from "@sophia/vendors/arize/place";
import { createArizeRestClient, type SpanOpinion } from "@sophia/vendors/arize/rest-client";
import { createPhoenixClient } from "@sophia/vendors/phoenix/client";
import type { Logger } from "pino";
import { createAnnotationQueue } from "./annotation-queue.ts";
import type { Annotation } from "./annotations.ts";
import { spanIdsOf, toEvaluationSpan } from "./model-call-span.ts";
import type { TraceTaker } from "./traces.ts";

export interface TakerOptions {
  place: ArizePlace;
  log: Logger;
  clock: Clock;
  metrics: Metrics;
  observer: HttpObserver;
}

interface Opinions {
  send(batch: readonly Annotation[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const annotatorKinds = { human: "HUMAN", model: "LLM", code: "CODE" } as const;
/** As far back as an opinion finds its span. */
const annotatedDays = 30;

/** Model calls and what is thought of them, on their way to Arize or Phoenix. The exporter is loaded here, on demand. */
export async function createTaker(options: TakerOptions): Promise<TraceTaker> {
  const { place, log, clock, metrics } = options;
  const { OtlpExporter } = await import("@sophia/core/observe/otlp-exporter");
  const exporter = new OtlpExporter({ destination: toOtlpDestination(place, "sophia-ai"), log, clock, metrics });
  const opinions = place.kind === "cloud" ? createArizeOpinions({ ...options, place }) : createPhoenixOpinions(options);
  const queue = createAnnotationQueue({
    clock,
    log,
    metrics,
    async send(batch, signal) {
      // The span goes before what is said of it.
      await exporter.flush();
      await opinions.send(batch, signal);
    },
  });
  return {
    takeSpan: (span: FinishedSpan) => exporter.addFinished(span),
    takeAnnotation(said) {
      // Arize's REST knows annotations of people; evaluations reach it as spans of their own.
      if (place.kind === "cloud" && said.kind !== "human") exporter.addFinished(toEvaluationSpan(said));
      else queue.add(said);
    },
    async close() {
      await queue.close();
      await Promise.all([exporter.close(), opinions.close()]);
    },
  };
}

function createPhoenixOpinions({ place, ...options }: TakerOptions): Opinions {
  const client = createPhoenixClient({ ...options, baseUrl: place.restBaseUrl, apiKey: place.apiKey });
  return {
    async send(batch, signal) {
      const annotations = batch.map(({ requestId, name, kind, author, score, label, explanation, correction }) => ({
        spanId: spanIdsOf(requestId).spanId,
        name,
        annotatorKind: annotatorKinds[kind],
        identifier: author,
        score,
        label,
        explanation: explanation ?? correction,
      }));
      await client.annotateSpans(annotations, signal);
    },
    close: () => client.close(),
  };
}

function createArizeOpinions({
  place,
  ...options
}: TakerOptions & { place: ArizePlace & { kind: "cloud" } }): Opinions {
  const client = createArizeRestClient({ ...options, ...place, baseUrl: place.restBaseUrl });
  let projectId: string | undefined;
  return {
    async send(batch, signal) {
      projectId ??= await client.fetchProjectId(place.project, signal);
      await client.annotateSpans(toSpanOpinions(batch), { projectId, days: annotatedDays }, signal);
    },
    close: () => client.close(),
  };
}

/** One entry for each span and one value for each name: the vendor refuses doubles, and the newest counts. */
function toSpanOpinions(batch: readonly Annotation[]): SpanOpinion[] {
  const spans = new Map<string, Map<string, SpanOpinion["values"][number]>>();
  for (const { requestId, name, score, label, explanation, correction } of batch) {
    const { spanId } = spanIdsOf(requestId);
    const values = spans.get(spanId) ?? new Map<string, SpanOpinion["values"][number]>();
    values.set(name, { name, score, label, text: explanation ?? correction });
    spans.set(spanId, values);
  }
  return [...spans].map(([spanId, values]) => ({ spanId, values: [...values.values()] }));
}
