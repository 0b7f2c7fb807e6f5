import type { Clock } from "@sophia/core/limits/clock";
import type { Jobs } from "@sophia/core/jobs/jobs";
import type { AlertEvents, StoredAlertEvent } from "@sophia/core/store/alert-events";
import type { Store } from "@sophia/core/store/store";
import type { TraceTables } from "../traces/trace-tables.ts";
import { judgeDrift, type JudgedMeasure, type ModelReport } from "./judge-drift.ts";
import { loadPeriod } from "./load-period.ts";

export interface QualityQuestion {
  model?: string;
  /** The period that is judged, up to now. */
  windowMs: number;
  /** The period before it that it is compared with. */
  referenceMs: number;
}

export interface QualityReport {
  from: number;
  until: number;
  referenceFrom: number;
  models: ModelReport[];
}

export interface Quality {
  /** Compares each model with its own past; with the standard periods it also opens and closes alerts. */
  check(question?: Partial<QualityQuestion>): Promise<QualityReport>;
  /** Alerts of drift that are not over, the newest first. */
  alerts(): Promise<StoredAlertEvent[]>;
  /** Somebody is on it. False: no such alert, or it is over. */
  acknowledge(id: string, by: string): Promise<boolean>;
}

export interface QualityOptions<Tables extends TraceTables> {
  store: Store<Tables>;
  clock: Clock;
  alerts: AlertEvents;
}

const hourMs = 3_600_000;
const standardWindow: QualityQuestion = { windowMs: 24 * hourMs, referenceMs: 7 * 24 * hourMs };

const kind = "drift";
const jobKind = "ai.check-models";

export function createQuality<Tables extends TraceTables>({ store, clock, alerts }: QualityOptions<Tables>): Quality {
  const unresolved = () => alerts.list({ server: "ai", kind, states: ["open", "acknowledged"], limit: 1_000 });

  async function updateAlerts(models: readonly ModelReport[], now: number): Promise<void> {
    const standing = await unresolved();
    for (const model of models) {
      for (const measure of model.measures) {
        const subject = subjectOf(model, measure);
        const told = standing.filter(({ key }) => key.startsWith(subject));
        const isBad = measure.verdict === "worse";
        if (isBad && told.length === 0)
          await alerts.write({ at: now, server: "ai", kind, ...describe(model, measure, now) });
        if (isBad || measure.verdict === "too_few") continue;
        for (const { id } of told) await alerts.setState(id, { state: "resolved", by: "check_models", at: now });
      }
    }
  }

  return {
    async check(question = {}) {
      const { windowMs, referenceMs, model } = { ...standardWindow, ...question };
      const until = clock.now() + 1;
      const from = until - windowMs;
      const referenceFrom = from - referenceMs;
      const only = model === undefined ? {} : { model };
      const current = await loadPeriod(store, { from, until, ...only });
      const reference = await loadPeriod(store, { from: referenceFrom, until: from, ...only });
      const models = await judgeDrift(reference, current);
      const isStandard = windowMs === standardWindow.windowMs && referenceMs === standardWindow.referenceMs;
      if (isStandard && model === undefined) await updateAlerts(models, until - 1);
      return { from, until, referenceFrom, models };
    },
    alerts: unresolved,
    acknowledge: (id, by) => alerts.setState(id, { state: "acknowledged", by, at: clock.now() }),
  };
}

/** Looks every hour, whether or not somebody asks. Before `jobs.start()`. */
export async function scheduleChecks(jobs: Jobs, quality: Quality): Promise<void> {
  jobs.define(jobKind, async () => {
    const { models } = await quality.check();
    return { models: models.length, worse: models.filter(({ status }) => status !== "steady").length };
  });
  await jobs.schedule({ name: jobKind, cron: "23 * * * *", kind: jobKind, input: {} });
}

/** Names what an alert is about: while one of them stands, no second is opened. */
function subjectOf({ service, model }: ModelReport, { name }: JudgedMeasure): string {
  return `${kind} ${service}/${model}`.slice(0, 200) + ` ${name} `;
}

function describe(model: ModelReport, measure: JudgedMeasure, now: number) {
  const { name, reference, current, since, qValue } = measure;
  const begun = since === undefined ? "" : ` About since ${new Date(since).toISOString()}.`;
  const figures = `${name} ${format(reference)} → ${format(current)} (chance below ${format(qValue ?? 1)}).`;
  // The hour in the key keeps two processes that look at the same time from telling it twice.
  const key = `${subjectOf(model, measure)}${Math.floor(now / hourMs)}`;
  return {
    severity: measure.severity ?? ("warning" as const),
    title: `${model.model} at ${model.service}: ${name.replaceAll("_", " ")} is worse`.slice(0, 300),
    detail: `${figures}${begun} ${model.next.join(" ")}`.slice(0, 10_000),
    key,
  };
}

function format(value: number): string {
  return String(Number(value.toPrecision(3)));
}
