import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { InfraServices } from "../services.ts";
import { sourceOf } from "../domain/source-of.ts";
import { carryOutRestart, planRestart } from "../domain/restart.ts";

export const planChange = defineTool({
  name: "plan_change",
  title: "Plan a change",
  description:
    "Plans a change and says what it would touch, how risky it is and what to do next; nothing happens until apply_change.\n" +
    "- Use when the user asks to restart a container or one of the servers ai, data and bi.\n" +
    "- Containers must carry the label sophia.restart=allow or belong to our compose project.\n" +
    "- A target that fits several is asked back; ask the user, never guess.\n" +
    'Example: {"change": {"action": "restart", "target": {"kind": "container", "id": "web"}}}',
  effect: "update",
  deadlineMs: 55_000,
  input: z.strictObject({
    change: z
      .strictObject({
        action: z.literal("restart").describe("What to do."),
        target: z
          .strictObject({
            kind: z.enum(["container", "server"]).describe("What it is."),
            id: z.string().min(1).max(255).describe("Its name or id, as list_resources shows it."),
          })
          .describe("What to restart."),
      })
      .describe("The change to plan."),
  }),
  output: z.object({
    resource: z.string(),
    healthy: z.boolean().describe("It is well again."),
    detail: z.string(),
    waitedMs: z.int().describe("From the restart until it was well, or until the wait ended."),
    source: Source,
  }),
  async plan({ change }, { services, signal }: ToolContext<InfraServices>) {
    return planRestart(services, change.target, signal);
  },
  async apply({ change }, _plan, { services, signal, progress, requestId, planId }: ToolContext<InfraServices>) {
    const { target } = change;
    const { name, healthy, detail, waitedMs } = await carryOutRestart(services, target, {
      signal,
      progress,
      planId: planId ?? requestId,
    });
    const source = sourceOf(target.kind === "container" ? "docker" : "sophia", services);
    return { resource: `${target.kind} ${name}`, healthy, detail, waitedMs, source };
  },
});
