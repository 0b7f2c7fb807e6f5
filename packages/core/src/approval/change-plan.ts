import { z } from "zod";

/** What a write would do, shown before anything is done. */
export const ChangePlan = z.object({
  summary: z.string().describe("One sentence: what will change."),
  changes: z
    .array(
      z.object({
        action: z.enum(["create", "update", "delete", "restart", "import", "run"]),
        resource: z.string().describe("What it happens to."),
        before: z.string().optional(),
        after: z.string().optional(),
      }),
    )
    .min(1),
  blastRadius: z.string().describe("Who or what notices, and for how long."),
  risk: z.enum(["low", "medium", "high"]),
  costPerHourUsd: z.number().describe("Change of the running cost, USD per hour."),
  stateVersion: z.string().describe("Version of the state the plan was made on; apply re-plans and compares."),
});
export type ChangePlan = z.infer<typeof ChangePlan>;
