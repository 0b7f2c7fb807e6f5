import { type Bar, drawBars } from "@sophia/core/charts/draw-bars";
import { dayMs, hourMs } from "./roll-up.ts";

/** As `report_usage` answers; times as ISO 8601. */
export interface DrawnReport {
  since: string;
  until: string;
  total: { costUsd: number };
  series?: readonly { time: string; costUsd: number }[] | undefined;
  unusual?: readonly { day: string }[] | undefined;
}

/** Cost over time as PNG; `undefined` where there is nothing to see: one point, or no cost. */
export function drawReport({ since, until, total, series = [], unusual = [] }: DrawnReport): Buffer | undefined {
  if (series.length < 2 || total.costUsd <= 0) return undefined;
  const stepMs = Date.parse(series[1]?.time ?? "") - Date.parse(series[0]?.time ?? "");
  const days = new Set(unusual.map(({ day }) => day));
  const bars = series.map(({ time, costUsd }): Bar => ({
    label: stepMs < dayMs ? time.slice(11, 16) : toDayLabel(time),
    value: costUsd,
    isMarked: stepMs === dayMs && days.has(time.slice(0, 10)),
  }));
  return drawBars({
    title: `AI cost per ${describeStep(stepMs)}, USD`,
    subtitle: `${since.slice(0, 16).replace("T", " ")} to ${until.slice(0, 16).replace("T", " ")} UTC, ${total.costUsd.toFixed(total.costUsd < 1 ? 4 : 2)} in all`,
    bars,
    markedMeans: "unusual",
  });
}

function describeStep(stepMs: number): string {
  const [count, unit] = stepMs % dayMs === 0 ? [stepMs / dayMs, "day"] : [stepMs / hourMs, "hour"];
  return count === 1 ? unit : `${count} ${unit}s`;
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function toDayLabel(time: string): string {
  return `${months[Number(time.slice(5, 7)) - 1]} ${Number(time.slice(8, 10))}`;
}
