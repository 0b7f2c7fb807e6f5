import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { createMonitorDesk, type MonitorDesk } from "../quality/monitor-desk.ts";
import { createToolContext } from "./tool-context.ts";

/** Tools of monitors over the simulated Arize, for one test. */
export function openDesk(simulate = true) {
  const monitors: MonitorDesk = createMonitorDesk({
    place: undefined,
    project: "sophia",
    simulate,
    log: pino({ level: "silent" }),
    clock: systemClock,
    observer: {},
  });
  onTestFinished(() => monitors.close());
  return createToolContext({ monitors });
}
