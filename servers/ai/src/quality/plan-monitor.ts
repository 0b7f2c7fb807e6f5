import { AppError } from "@sophia/core/errors/app-error";
import { hashCanonical } from "@sophia/core/approval/canonical-hash";
import type { ChangePlan } from "@sophia/core/approval/change-plan";
import {
  dataQualityMetrics,
  driftMetrics,
  type Monitor,
  monitorCategories,
  type MonitorCategory,
  monitorOperators,
  monitorStatuses,
  performanceMetrics,
} from "@sophia/vendors/arize/monitor";

/** The words tools offer. */
export const monitorWords = { categories: monitorCategories, operators: monitorOperators, statuses: monitorStatuses };

/** What shall become of a monitor. Without an id a new one is made. */
export interface MonitorWish {
  monitorId?: string | undefined;
  category?: MonitorCategory | undefined;
  name?: string | undefined;
  metric?: string | undefined;
  operator?: string | undefined;
  threshold?: number | undefined;
  notes?: string | undefined;
}

const metrics: Readonly<Record<MonitorCategory, readonly string[]>> = {
  drift: driftMetrics,
  performance: performanceMetrics,
  dataQuality: dataQualityMetrics,
};

/** The wish of a new monitor, complete. Throws AppError `invalid_input` that names what is missing. */
export function requireNewMonitor(wish: MonitorWish) {
  const { category, name, metric, threshold, operator = "greaterThan" } = wish;
  if (category === undefined || name === undefined || metric === undefined || threshold === undefined) {
    throw new AppError("invalid_input", "A new monitor needs category, name, metric and threshold.", {
      hint: "Or give monitorId to change one that list_monitors shows.",
    });
  }
  if (!metrics[category].includes(metric)) {
    throw new AppError("invalid_input", `A ${category} monitor cannot watch that metric.`, {
      hint: `One of ${metrics[category].join(", ")}.`,
    });
  }
  return { category, name, metric, threshold, operator };
}

export function planNewMonitor(wish: MonitorWish, project: string): ChangePlan {
  const { category, name, metric, threshold, operator } = requireNewMonitor(wish);
  return {
    summary: `Make the ${category} monitor "${name}" in Arize over the project ${project}.`,
    changes: [{ action: "create", resource: `Arize monitor ${name}`, after: `${metric} ${operator} ${threshold}` }],
    blastRadius: "Arize will compute it and may notify the contacts of the space.",
    risk: "medium",
    costPerHourUsd: 0,
    stateVersion: "new",
  };
}

export function planMonitorChange(monitor: Monitor, { name, operator, threshold, notes }: MonitorWish): ChangePlan {
  const changes = Object.entries({ name, operator, threshold, notes }).filter(([, value]) => value !== undefined);
  if (changes.length === 0) {
    throw new AppError("invalid_input", "Say what to change: name, operator, threshold or notes.");
  }
  return {
    summary: `Change ${changes.map(([member]) => member).join(", ")} of the monitor "${monitor.name}" in Arize.`,
    changes: changes.map(([member, value]) => ({
      action: "update" as const,
      resource: `Arize monitor ${monitor.name}: ${member}`,
      before: String(monitor[member as "name"] ?? "none"),
      after: String(value),
    })),
    blastRadius: "The monitor may trigger or clear at its next evaluation, and notify its contacts.",
    risk: "medium",
    costPerHourUsd: 0,
    stateVersion: versionOf(monitor),
  };
}

export function planMonitorDeletion(monitor: Monitor): ChangePlan {
  const { name, category, metric, operator, threshold } = monitor;
  return {
    summary: `Delete the ${category} monitor "${name}" in Arize, with its history.`,
    changes: [{ action: "delete", resource: `Arize monitor ${name}`, before: `${metric} ${operator} ${threshold}` }],
    blastRadius: "Nobody is notified by it any more; its history cannot be brought back.",
    risk: "high",
    costPerHourUsd: 0,
    stateVersion: versionOf(monitor),
  };
}

/** What somebody configured; values that Arize computes do not make a plan old. */
function versionOf({ id, name, notes, category, metric, operator, threshold }: Monitor): string {
  return hashCanonical({ id, name, notes, category, metric, operator, threshold });
}
