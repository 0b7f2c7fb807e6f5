import { z } from "zod";

export const monitorCategories = ["drift", "performance", "dataQuality"] as const;
export type MonitorCategory = (typeof monitorCategories)[number];

export const monitorStatuses = ["triggered", "cleared", "noData"] as const;

export const monitorOperators = ["greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual"] as const;

/** What is watched, by category; the vendor knows more metrics, these fit traces of models. */
export const driftMetrics = ["psi", "js", "kl", "euclideanDistance"] as const;
export const performanceMetrics = ["accuracy", "precision", "recall", "f_1", "mae", "rmse"] as const;
export const dataQualityMetrics = [
  "percentEmpty",
  "cardinality",
  "newValues",
  "p50",
  "p95",
  "p99",
  "avg",
  "count",
] as const;

/** As the vendor answers; unknown words pass, for its lists grow. */
export const MonitorNode = z.object({
  id: z.string(),
  name: z.string(),
  notes: z.string().nullish(),
  monitorCategory: z.enum(monitorCategories),
  status: z.string().nullish(),
  threshold: z.number().nullish(),
  operator: z.string(),
  latestComputedValue: z.number().nullish(),
  evaluatedAt: z.string().nullish(),
  updatedAt: z.string().nullish(),
  driftMetric: z.string().nullish(),
  performanceMetric: z.string().nullish(),
  dataQualityMetric: z.string().nullish(),
});

export interface Monitor {
  id: string;
  name: string;
  notes: string | undefined;
  category: MonitorCategory;
  status: string;
  metric: string | undefined;
  operator: string;
  threshold: number | undefined;
  latestValue: number | undefined;
  evaluatedAt: string | undefined;
  updatedAt: string | undefined;
}

export function toMonitor(node: z.output<typeof MonitorNode>): Monitor {
  return {
    id: node.id,
    name: node.name,
    notes: node.notes ?? undefined,
    category: node.monitorCategory,
    status: node.status ?? "noData",
    metric: node.driftMetric ?? node.performanceMetric ?? node.dataQualityMetric ?? undefined,
    operator: node.operator,
    threshold: node.threshold ?? undefined,
    latestValue: node.latestComputedValue ?? undefined,
    evaluatedAt: node.evaluatedAt ?? undefined,
    updatedAt: node.updatedAt ?? undefined,
  };
}
