import { setImmediate as othersTurn } from "node:timers/promises";
import { findLastChange } from "@sophia/core/statistics/adwin";
import { adjustForDiscovery } from "@sophia/core/statistics/false-discovery";
import { comparePeriods } from "./compare-periods.ts";
import type { ModelPeriod } from "./load-period.ts";
import type { Comparison, MeasureName } from "./measure.ts";

export type Severity = "info" | "warning" | "critical";

/** One measure of one model, judged beside all others of the same report. */
export interface JudgedMeasure {
  name: MeasureName;
  reference: number;
  current: number;
  effect: number;
  interval?: { lower: number; upper: number };
  pValue?: number;
  /** Benjamini–Hochberg over every test of the report. */
  qValue?: number;
  verdict: "steady" | "worse" | "better" | "changed" | "too_few";
  severity?: Severity;
  /** About when it changed, wall clock, ms. */
  since?: number;
}

export interface ModelReport {
  model: string;
  service: string;
  calls: number;
  referenceCalls: number;
  status: "steady" | "changed" | "warning" | "critical" | "too_few";
  measures: JudgedMeasure[];
  next: string[];
}

/** Accepted share of false changes among those reported. */
const falseDiscoveryRate = 0.05;

/** Compares every model that was called in the current period with its own past. The worst first. */
export async function judgeDrift(
  reference: ReadonlyMap<string, ModelPeriod>,
  current: ReadonlyMap<string, ModelPeriod>,
): Promise<ModelReport[]> {
  const models: { before: ModelPeriod; now: ModelPeriod; comparisons: Comparison[] }[] = [];
  for (const [key, now] of current) {
    const before = reference.get(key) ?? { model: now.model, service: now.service, calls: [], scores: [] };
    models.push({ before, now, comparisons: comparePeriods(before, now) });
    // Ten thousand calls take some ten milliseconds; requests are served on the same thread.
    await othersTurn();
  }
  const tested = models.flatMap(({ comparisons }) => comparisons).filter(({ pValue }) => pValue !== undefined);
  const adjusted = adjustForDiscovery(tested.map(({ pValue }) => pValue ?? 1));
  const qValues = new Map(tested.map((comparison, index) => [comparison, adjusted[index] ?? 1]));
  return models
    .map(({ before, now, comparisons }) => {
      const measures = comparisons.map((comparison) => judge(comparison, qValues.get(comparison)));
      const { model, service } = now;
      const status = statusOf(measures);
      return {
        model,
        service,
        calls: now.calls.length,
        referenceCalls: before.calls.length,
        status,
        measures,
        next: nextSteps(measures, { model, service }),
      };
    })
    .toSorted((first, second) => order.indexOf(first.status) - order.indexOf(second.status));
}

const order: readonly ModelReport["status"][] = ["critical", "warning", "changed", "steady", "too_few"];

function judge(comparison: Comparison, qValue: number | undefined): JudgedMeasure {
  const { name, reference, current, effect, pValue, interval } = comparison;
  const figures = { name, reference, current, effect, ...(interval && { interval }) };
  if (pValue === undefined || qValue === undefined) return { ...figures, verdict: "too_few" };
  const tested = { ...figures, pValue, qValue };
  const isChanged = qValue <= falseDiscoveryRate && Math.abs(effect) >= comparison.minimumEffect;
  if (!isChanged) return { ...tested, verdict: "steady" };
  const since = sinceWhen(comparison);
  const direction = effect * comparison.worse;
  const verdict = direction > 0 ? "worse" : direction < 0 ? "better" : "changed";
  const severity = verdict === "worse" ? severityOf(comparison) : "info";
  return { ...tested, verdict, severity, ...(since !== undefined && { since }) };
}

/** From which size a change for the worse is one to be woken for. */
const criticalEffects: Readonly<Partial<Record<MeasureName, number>>> = {
  error_rate: 0.1,
  latency: Math.log(2),
  latency_p95: Math.log(3),
  first_token: Math.log(3),
  refusal_rate: 0.15,
  judge_score: -0.15,
  feedback_score: -0.2,
};

function severityOf({ name, effect }: Comparison): Severity {
  const critical = criticalEffects[name];
  return critical !== undefined && Math.abs(effect) >= Math.abs(critical) ? "critical" : "warning";
}

function sinceWhen({ series }: Comparison): number | undefined {
  if (!series) return undefined;
  const index = findLastChange(series.map(({ value }) => value));
  return index === undefined ? undefined : series[index]?.at;
}

function statusOf(measures: readonly JudgedMeasure[]): ModelReport["status"] {
  if (measures.some(({ severity }) => severity === "critical")) return "critical";
  if (measures.some(({ severity }) => severity === "warning")) return "warning";
  if (measures.some(({ verdict }) => verdict === "changed" || verdict === "better")) return "changed";
  return measures.every(({ verdict }) => verdict === "too_few") ? "too_few" : "steady";
}

function nextSteps(
  measures: readonly JudgedMeasure[],
  { model, service }: { model: string; service: string },
): string[] {
  const worse = new Set(measures.filter(({ verdict }) => verdict === "worse").map(({ name }) => name));
  const changed = new Set(measures.filter(({ verdict }) => verdict === "changed").map(({ name }) => name));
  const traffic = changed.has("questions") || changed.has("traffic_mix");
  const steps: string[] = [];
  if (worse.has("error_rate")) {
    steps.push(
      `Look at the failures: list_traces {"model": "${model}", "outcome": "error"}. Another service may offer ${model}.`,
    );
  }
  if (worse.has("latency") || worse.has("latency_p95") || worse.has("first_token")) {
    steps.push(
      `${service} has slowed down for ${model}: compare_models shows who is faster; routing takes it into account by itself.`,
    );
  }
  if (worse.has("refusal_rate")) {
    steps.push(
      `Read some refusals: list_traces {"model": "${model}", "refusal": true}. A changed prompt or a new version of the model are the usual causes.`,
    );
  }
  if (worse.has("judge_score") || worse.has("feedback_score")) {
    steps.push(`Compare it with another model on the same questions: run_evaluation.`);
  }
  if (changed.has("answer_length") && !traffic) {
    steps.push(
      "Answers have another length though the questions have not changed: the provider may serve another version of the model.",
    );
  }
  if (changed.has("finish_reasons")) steps.push("Answers end in another way: check max_tokens and content filters.");
  if (traffic)
    steps.push("What is asked has changed: judge the other changes in that light, and see report_usage by category.");
  return steps;
}
