import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { requireVendor, type Vendors } from "../domain/reached-vendors.ts";

interface Services {
  vendors: Pick<Vendors, "phantombuster">;
}

export const listPhantoms = defineTool({
  name: "list_phantoms",
  title: "List PhantomBuster agents",
  description: `Lists the agents of the PhantomBuster account, and how much of its execution time is used.
- Use to find an agent for launch_phantom or collect.
Example: {}`,
  effect: "read",
  openWorld: true,
  items: "agents",
  input: z.strictObject({}),
  output: z.object({
    agents: z.array(
      z.object({
        agentId: z.string(),
        name: z.string().nullable(),
        script: z.string().nullable(),
        running: z.int().nullable(),
        lastEnd: z.string().nullable(),
      }),
    ),
    plan: z.string(),
    slots: z.int().describe("Agents that may run at once."),
    untrusted: z.literal(true).describe("Names were written by others."),
    source: Source,
  }),
  async run(_input, { services, signal }: ToolContext<Services>) {
    const { client, mode } = requireVendor(services.vendors, "phantombuster");
    const [agents, resources] = await Promise.all([client.listAgents(signal), client.getResources(signal)]);
    return {
      agents: agents.map(({ id, name, script, runningCount, lastEndType }) => ({
        agentId: id,
        name,
        script,
        running: runningCount,
        lastEnd: lastEndType,
      })),
      plan: resources.planName,
      slots: resources.parallelism,
      untrusted: true as const,
      source: { service: "phantombuster", mode, costUsd: 0 },
    };
  },
});
