import { hash } from "node:crypto";
import { z } from "zod";
import type { Plans } from "../../approval/plans.ts";
import { AppError, type ErrorKind, toAppError } from "../../errors/app-error.ts";
import type { Audit, AuditEntry } from "../../observe/audit.ts";
import type { ChangePlan } from "../../approval/change-plan.ts";
import { defineTool, Source, type ToolContext } from "../define-tool.ts";
import type { ToolTable } from "../tool-table.ts";
import { approveInClient } from "./approve-in-client.ts";

export interface ApplyChangeOptions<Services> {
  serverId: string;
  /** Whether a person may approve in the client; see {@link approveInClient}. */
  approvesInClient: boolean;
  plans: Plans;
  audit: Audit;
  table(): ToolTable<Services>;
}

/** Carries out a plan: plans again, compares, takes the plan (once), acts, and records before and after. */
export function createApplyChange<Services>(options: ApplyChangeOptions<Services>) {
  return defineTool({
    name: "apply_change",
    title: "Apply a planned change",
    description:
      "Carries out a plan that a write tool returned, after checking that nothing changed since.\n" +
      "- Use with a planId. Low-risk plans can be applied by their caller; others need a person's approval first: see nextStep of the plan.\n" +
      '- A plan works once and for ten minutes. Example: {"planId": "pl_…"}',
    effect: "destroy",
    interactive: options.approvesInClient,
    deadlineMs: 55_000,
    input: z.strictObject({ planId: z.string().min(1).max(64).describe("The planId of the plan to carry out.") }),
    output: z.object({
      planId: z.string(),
      outcome: z.enum(["applied"]),
      result: z.record(z.string(), z.unknown()).describe("What the change returned."),
      source: Source,
    }),
    async run({ planId }, context: ToolContext<Services>) {
      const row = await options.plans.get(planId);
      const tool = row?.server === options.serverId ? options.table().tools.get(row.tool) : undefined;
      if (!row || !tool || !("plan" in tool)) throw noSuchPlan();
      // The stored arguments were parsed by the tool's own schema when the plan was made; parse again all the same:
      // the row has been outside our hands.
      const input: unknown = tool.input.parse(JSON.parse(row.arguments));
      const plan: ChangePlan = await tool.plan(input, context);
      await begin(options, planId, context, { arguments: input, plan });
      const result = await recorded(
        options,
        {
          requestId: context.requestId,
          caller: context.caller.id,
          server: options.serverId,
          tool: tool.name,
          effect: tool.effect,
          argumentsHash: hash("sha256", row.arguments),
          planId,
        },
        () => tool.apply(input, plan, { ...context, planId }),
      );
      return { planId, outcome: "applied" as const, result, source: result["source"] };
    },
  });
}

/** Takes the plan; where a person may approve in the client and still has to, asks first. */
async function begin<Services>(
  { plans, approvesInClient }: ApplyChangeOptions<Services>,
  planId: string,
  context: ToolContext<Services>,
  current: { arguments: unknown; plan: ChangePlan },
): Promise<void> {
  try {
    await plans.begin(planId, context.caller, current);
  } catch (thrown) {
    const waits = approvesInClient && thrown instanceof AppError && thrown.kind === "approval_required";
    if (!waits || !(await approveInClient(plans, planId, current.plan, context))) throw thrown;
    await plans.begin(planId, context.caller, current);
  }
}

/** Acts between two durable audit lines and notes how the plan ended. Nothing is done when the first cannot be written. */
async function recorded<Services, Result>(
  { plans, audit }: ApplyChangeOptions<Services>,
  entry: Omit<AuditEntry, "phase" | "outcome"> & { planId: string },
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    await audit.write({ ...entry, phase: "before", outcome: "applying" });
  } catch (thrown) {
    await plans.finish(entry.planId, "failed", "the audit could not be written");
    throw thrown;
  }
  let outcome: "applied" | "failed" | "unknown" = "applied";
  try {
    return await act();
  } catch (thrown) {
    outcome = outcomeOf(toAppError(thrown).kind);
    throw thrown;
  } finally {
    // What happened has happened: a store that is busy now must not make it look undone, nor hide the audit line.
    await Promise.allSettled([plans.finish(entry.planId, outcome), audit.write({ ...entry, phase: "after", outcome })]);
  }
}

/** Refusals that come before any effect. All other failures may have come after it: never claim that nothing happened. */
const refusals: ReadonlySet<ErrorKind> = new Set([
  "invalid_input",
  "not_found",
  "not_configured",
  "denied",
  "approval_required",
  "rate_limited",
  "budget_exceeded",
]);

function outcomeOf(kind: ErrorKind): "failed" | "unknown" {
  return refusals.has(kind) ? "failed" : "unknown";
}

function noSuchPlan(): AppError {
  return new AppError("not_found", "This server has no such plan.", {
    hint: "Make a plan first; plans live ten minutes and belong to one server.",
  });
}
