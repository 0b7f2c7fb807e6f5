import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { CollectionSpec } from "../collections/collection-spec.ts";
import type { Collections } from "../collections/collections.ts";

interface Services {
  collections: Pick<Collections, "plan" | "start">;
}

const Input = z.strictObject({
  agentId: z
    .string()
    .regex(/^\d{1,20}$/)
    .describe("From list_phantoms."),
  argument: z
    .record(z.string(), z.json())
    .default({})
    .describe("Laid over the agent's saved argument, for this launch."),
});

export const launchPhantom = defineTool({
  name: "launch_phantom",
  title: "Launch a PhantomBuster agent",
  description: `Plans one launch of an agent. It acts as a person, so somebody has to approve; applied, it is launched exactly once, and its result is kept as documents.
- Use for one launch; follow it with get_collection.
Example: {"agentId": "7000000000000001", "argument": {"profileUrls": ["https://example.com/in/ann"]}}`,
  effect: "create",
  openWorld: true,
  input: Input,
  output: z.object({ collectionId: z.string().describe("For get_collection."), source: Source }),
  async plan(input, { services }: ToolContext<Services>) {
    const { bySource } = services.collections.plan(toSpec(input));
    const mode = bySource[0]?.mode ?? "live";
    return {
      summary: `Launch agent ${input.agentId} once (${mode}).`,
      changes: [{ action: "run" as const, resource: `agent ${input.agentId}` }],
      blastRadius: "It acts on a social network under the account of a person, who is answerable for it.",
      risk: "medium" as const,
      costPerHourUsd: 0,
      stateVersion: mode,
    };
  },
  async apply(input, _plan, { services, caller }: ToolContext<Services>) {
    const spec = toSpec(input);
    const mode = services.collections.plan(spec).bySource[0]?.mode ?? ("live" as const);
    const collectionId = await services.collections.start({ spec, caller: caller.id });
    return { collectionId, source: { service: "phantombuster", mode, costUsd: 0 } };
  },
});

function toSpec({ agentId, argument }: z.output<typeof Input>): CollectionSpec {
  return CollectionSpec.parse({
    name: `launch of ${agentId}`,
    sources: [{ source: "phantombuster", agentId, inputs: [argument] }],
    budgetUsd: 0,
    deadlineMinutes: 1_440,
  });
}
