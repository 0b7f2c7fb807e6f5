import type { Platform } from "@sophia/core/mcp/platform";
import type { Jobs } from "@sophia/core/jobs/jobs";
import { createHttpObserver } from "@sophia/core/observe/http-observer";
import { createAlertEvents } from "@sophia/core/store/alert-events";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { MigrationSet } from "@sophia/core/store/store";
import { type ArizeSettings, findArize } from "@sophia/vendors/arize/place";
import type { CallSink } from "./domain/call-record.ts";
import type { AskModel, EstimateQuestion } from "./quality/ask-model.ts";
import { evaluationMigrations, type EvaluationTables } from "./quality/evaluation-tables.ts";
import { createEvaluations, type Evaluations } from "./quality/evaluations.ts";
import { createFeedback, type Feedback, type Lessons } from "./quality/feedback.ts";
import { createMonitorDesk, type MonitorDesk } from "./quality/monitor-desk.ts";
import { createQuality, type Quality, scheduleChecks } from "./quality/quality.ts";
import { createTaker } from "./traces/create-taker.ts";
import { createTextKeeper, type KeepContent } from "./traces/redact-content.ts";
import { traceMigrations, type TraceTables } from "./traces/trace-tables.ts";
import { createTraces, type Traces } from "./traces/traces.ts";

export type ObservationTables = TraceTables & EvaluationTables;
export const observationMigrations: readonly MigrationSet[] = [traceMigrations, evaluationMigrations];

export interface ObservationSettings extends ArizeSettings {
  SOPHIA_AI_KEEP_CONTENT: KeepContent;
  SOPHIA_AI_TRACE_DAYS: number;
  SOPHIA_AI_TRACE_MEGABYTES: number;
}

/** What the tools that look back on model calls use. */
export interface ObservationServices {
  traces: Traces;
  quality: Quality;
  feedback: Feedback;
  evaluations: Evaluations;
  monitors: MonitorDesk;
}

export interface Observation {
  services: ObservationServices;
  /** Tell it of every finished call. */
  sink: CallSink;
  close(): Promise<void>;
}

const dayMs = 86_400_000;
const megabyte = 1_000_000;
const pruneKind = "ai.prune-traces";

/**
 * Traces, quality, feedback, evaluations and Arize. Before `jobs.start()`: it defines its jobs. `ask` and `lessons` are
 * used later only, so they may stand on what is made from `sink`.
 */
export async function createObservation<Tables extends CoreTables & ObservationTables>(
  settings: ObservationSettings,
  platform: Platform<Tables>,
  { ask, estimate, lessons }: { ask: AskModel; estimate: EstimateQuestion; lessons: Lessons },
): Promise<Observation> {
  const { store, clock, log, metrics, scrubber, jobs, config } = platform;
  const place = findArize(settings);
  const observer = createHttpObserver(metrics);
  const scrub = (text: string) => scrubber.scrub(text);
  const traces = createTraces({
    store,
    clock,
    log,
    metrics,
    scrub,
    keep: settings.SOPHIA_AI_KEEP_CONTENT,
    limits: {
      maxAgeMs: settings.SOPHIA_AI_TRACE_DAYS * dayMs,
      maxContentBytes: settings.SOPHIA_AI_TRACE_MEGABYTES * megabyte,
    },
    taker: place && (await createTaker({ place, log, clock, metrics, observer })),
    tracing: config.otlpEndpoint !== undefined,
  });
  const quality = createQuality({ store, clock, alerts: createAlertEvents({ store }) });
  const monitors = createMonitorDesk({
    place,
    project: settings.ARIZE_PROJECT_NAME,
    simulate: config.simulate,
    log,
    clock,
    observer,
  });
  const evaluations = createEvaluations({
    store,
    jobs,
    clock,
    ask,
    estimate,
    traces,
    lessons,
    keepText: createTextKeeper(settings.SOPHIA_AI_KEEP_CONTENT, scrub),
    maxAgeMs: settings.SOPHIA_AI_TRACE_DAYS * dayMs,
  });
  await scheduleChecks(jobs, quality);
  await schedulePruning(jobs, [traces, evaluations]);
  return {
    services: { traces, quality, feedback: createFeedback({ traces, clock, lessons }), evaluations, monitors },
    sink: traces.sink,
    async close() {
      await Promise.all([traces.close(), monitors.close()]);
    },
  };
}

async function schedulePruning(jobs: Jobs, keepers: readonly Pick<Traces, "prune">[]): Promise<void> {
  jobs.define(pruneKind, async ({ signal }) => {
    for (const keeper of keepers) await keeper.prune(signal);
    return {};
  });
  await jobs.schedule({ name: pruneKind, cron: "*/20 * * * *", kind: pruneKind, input: {} });
}
