import type { MeasureName } from "./measure.ts";

/** What `check_models` answers, times as ISO 8601. */
export interface ShownQuality {
  models: readonly {
    model: string;
    service: string;
    status: string;
    calls: number;
    referenceCalls: number;
    measures: readonly ShownMeasure[];
    next: readonly string[];
  }[];
  alerts: readonly { id: string; severity: string; state: string; at: string; title: string; detail: string }[];
  from: string;
  until: string;
  referenceFrom: string;
}

interface ShownMeasure {
  name: MeasureName;
  reference: number;
  current: number;
  verdict: string;
  severity?: string | undefined;
  qValue?: number | undefined;
  lower?: number | undefined;
  upper?: number | undefined;
  since?: string | undefined;
}

type Unit = "share" | "ms" | "characters" | "score" | "distance";

const units: Readonly<Record<MeasureName, Unit>> = {
  error_rate: "share",
  latency: "ms",
  latency_p95: "ms",
  first_token: "ms",
  refusal_rate: "share",
  answer_length: "characters",
  // Of the commonest kind.
  finish_reasons: "share",
  judge_score: "score",
  feedback_score: "score",
  questions: "distance",
  traffic_mix: "share",
};

const words: Readonly<Record<string, string>> = { too_few: "too few calls to tell" };

/** The worst first, each with what to do. */
export function renderQuality({ models, alerts, from, until, referenceFrom }: ShownQuality): string {
  const periods = `${toMinute(from)} to ${toMinute(until)}, against the time since ${toMinute(referenceFrom)}.`;
  const none = "No model has answered a fresh chat call in these periods. report_usage shows who was asked when.";
  return [
    models.length === 0 ? periods : `Models: ${models.length}, ${periods}`,
    ...(models.length === 0 ? [none] : models.flatMap(renderModel)),
    ...(alerts.length === 0 ? ["", "No alert stands."] : ["", "Alerts (acknowledge takes the ids):"]),
    ...alerts.map(({ id, severity, state, at, title, detail }) => {
      return `- ${id} ${severity}, ${state} since ${toMinute(at)}: ${title}. ${detail}`;
    }),
  ].join("\n");
}

function renderModel({
  model,
  service,
  status,
  calls,
  referenceCalls,
  measures,
  next,
}: ShownQuality["models"][number]) {
  const head = `${model} at ${service}: ${words[status] ?? status} (${calls} fresh calls, ${referenceCalls} before)`;
  const told = measures.filter(({ verdict }) => verdict !== "too_few");
  const untold = measures.filter(({ verdict }) => verdict === "too_few").map(({ name }) => name);
  return [
    "",
    head,
    ...told.map(renderMeasure),
    ...(untold.length === 0 ? [] : [`- ${words["too_few"]}: ${untold.join(", ")}`]),
    ...next.map((step) => `  Next: ${step}`),
  ];
}

function renderMeasure({ name, reference, current, verdict, severity, ...more }: ShownMeasure): string {
  const { qValue, lower, upper, since } = more;
  const unit = units[name];
  const figures = unit === "distance" ? `distance ${current}` : `${format(reference, unit)} → ${format(current, unit)}`;
  const details = [
    severity === undefined ? verdict : `${verdict} (${severity})`,
    ...(lower === undefined || upper === undefined
      ? []
      : [`difference of the shares ${format(lower, "share")} to ${format(upper, "share")}, 95 %`]),
    ...(qValue === undefined ? [] : [`chance of a false alarm ${format(qValue, "share")}`]),
    ...(since === undefined ? [] : [`since about ${toMinute(since)}`]),
  ];
  return `- ${name}: ${figures}, ${details.join("; ")}`;
}

function format(value: number, unit: Unit): string {
  if (unit === "share") return `${Number((100 * value).toPrecision(3))} %`;
  return unit === "ms" || unit === "characters" ? `${Math.round(value)} ${unit}` : String(value);
}

function toMinute(time: string): string {
  return `${time.slice(0, 16)}Z`;
}
