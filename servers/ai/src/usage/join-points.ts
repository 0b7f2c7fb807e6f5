import type { UsagePoint } from "./usage-reports.ts";

const mostPoints = 62;

/** Neighbours added up until a picture and an answer have room for all. */
export function joinPoints(points: readonly UsagePoint[]): UsagePoint[] {
  const together = Math.ceil(points.length / mostPoints);
  return Array.from({ length: Math.ceil(points.length / together) || 0 }, (_value, index) => {
    const some = points.slice(index * together, (index + 1) * together);
    return {
      time: some[0]?.time ?? 0,
      costUsd: some.reduce((sum, { costUsd }) => sum + costUsd, 0),
      calls: some.reduce((sum, { calls }) => sum + calls, 0),
    };
  });
}
