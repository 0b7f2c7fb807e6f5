import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { CollectionSpec } from "../collections/collection-spec.ts";
import type { Collections } from "../collections/collections.ts";

interface Services {
  collections: Pick<Collections, "plan" | "start">;
}

const Input = z.strictObject({
  actor: z.string().min(1).max(200).describe("username~name, from list_actors."),
  input: z.record(z.string(), z.json()).default({}).describe("As the Actor's schema says."),
  maxItems: z.int().min(1).max(5_000).default(200).describe("Items to keep."),
  maxRunUsd: z.number().positive().max(100).default(0.5).describe("The vendor stops charging here."),
  timeoutSeconds: z.int().min(30).max(86_400).default(900).describe("The vendor ends the run after this."),
});

export const runActor = defineTool({
  name: "run_actor",
  title: "Run an Apify Actor",
  description: `Plans one run of an Actor; applied, it starts exactly once, and what it finds is kept as documents.
- Use for one run. For several runs or sources side by side use collect. Follow it with get_collection.
Example: {"actor": "apify~website-content-crawler", "input": {"startUrls": [{"url": "https://example.com"}]}, "maxRunUsd": 0.2}`,
  effect: "create",
  openWorld: true,
  input: Input,
  output: z.object({ collectionId: z.string().describe("For get_collection."), source: Source }),
  async plan(input, { services }: ToolContext<Services>) {
    const { bySource, needsApproval } = services.collections.plan(toSpec(input));
    const mode = bySource[0]?.mode ?? "live";
    return {
      summary: `Run ${input.actor} once (${mode}) for at most ${input.maxRunUsd} USD.`,
      changes: [{ action: "run" as const, resource: input.actor, after: `at most ${input.timeoutSeconds} s` }],
      blastRadius: "The Actor does what its author made it do, from Apify's machines, with this input.",
      risk: needsApproval ? ("medium" as const) : ("low" as const),
      costPerHourUsd: 0,
      stateVersion: mode,
    };
  },
  async apply(input, _plan, { services, caller }: ToolContext<Services>) {
    const spec = toSpec(input);
    const mode = services.collections.plan(spec).bySource[0]?.mode ?? ("live" as const);
    const collectionId = await services.collections.start({ spec, caller: caller.id });
    return { collectionId, source: { service: "apify", mode, costUsd: 0 } };
  },
});

function toSpec({ input, ...rest }: z.output<typeof Input>): CollectionSpec {
  const { actor, maxRunUsd, timeoutSeconds } = rest;
  return CollectionSpec.parse({
    name: `run of ${actor}`.slice(0, 100),
    sources: [{ source: "apify", ...rest, inputs: [input] }],
    budgetUsd: maxRunUsd,
    deadlineMinutes: Math.min(1_440, timeoutSeconds / 60 + 30),
  });
}
