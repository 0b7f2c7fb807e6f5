import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { MonitorDesk } from "../quality/monitor-desk.ts";
import { planMonitorDeletion } from "../quality/plan-monitor.ts";

interface Services {
  monitors: MonitorDesk;
}

export const deleteMonitor = defineTool({
  name: "delete_monitor",
  title: "Delete an Arize monitor",
  description: `Plans the deletion of a monitor in Arize; a person approves before anything happens, for it cannot be undone.
- Use when a monitor watches something that is gone; to silence one, set_monitor with another threshold is kinder.
Example: {"monitorId": "TW9uaXRvcjox"}`,
  effect: "destroy",
  openWorld: true,
  input: z.strictObject({ monitorId: z.string().min(1).max(200).describe("Id from list_monitors.") }),
  output: z.object({ id: z.string(), name: z.string(), source: Source }),
  async plan({ monitorId }, { services, signal }: ToolContext<Services>) {
    const client = await services.monitors.client();
    return planMonitorDeletion(await client.fetchMonitor(monitorId, signal));
  },
  async apply({ monitorId }, _plan, { services, signal }: ToolContext<Services>) {
    const { monitors } = services;
    const client = await monitors.client();
    const { name } = await client.fetchMonitor(monitorId, signal);
    await client.deleteMonitor(monitorId, signal);
    return { id: monitorId, name, source: { service: "arize", mode: monitors.mode, costUsd: 0 } };
  },
});
