import { createPlans } from "@sophia/core/approval/plans";
import type { PlanRow, Plans } from "@sophia/core/approval/plans";
import { createTokens } from "@sophia/core/approval/tokens";
import { AppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import { formatTable } from "../format-table.ts";
import { toPlainLine } from "../terminal.ts";
import { withStore } from "../with-store.ts";
import { authenticateApprover } from "./approver.ts";
import type { CommandContext } from "./command-context.ts";

/** Plans that wait for a decision, or all recent ones. */
export async function runPlans(context: CommandContext, options: { all: boolean; json: boolean }): Promise<number> {
  return await withStore(context.config, context.log, async (store) => {
    const plans: Plans = createPlans({ store, clock: systemClock, dataDir: context.config.platform.dataDir });
    const rows = await plans.list(options.all ? {} : { state: "proposed" });
    if (options.json) {
      context.terminal.print(JSON.stringify({ plans: rows }));
      return 0;
    }
    const cells = rows.map((row) => [row.id, row.server, row.plan.summary, row.risk, formatCost(row), row.state]);
    context.terminal.print(
      formatTable(["ID", "SERVER", "PLAN", "RISK", "COST", "STATE"], cells, context.terminal.columns),
    );
    if (rows.length === 0) context.terminal.note(options.all ? "No plans yet." : "Nothing waits for a decision.");
    else if (!options.all) context.terminal.note("\nDecide with: sophia approve ID, or sophia refuse ID");
    return 0;
  });
}

export interface DecideOptions {
  id: string;
  decision: "approve" | "refuse";
  reason: string | undefined;
  tokenFile: string | undefined;
  json: boolean;
}

/** Shows the plan, makes sure that an approver decides, and records the decision. */
export async function runDecide(context: CommandContext, options: DecideOptions): Promise<number> {
  return await withStore(context.config, context.log, async (store) => {
    const plans: Plans = createPlans({ store, clock: systemClock, dataDir: context.config.platform.dataDir });
    const plan = await plans.get(options.id);
    if (plan === undefined) {
      throw new AppError("not_found", `There is no plan ${toPlainLine(options.id)}.`, {
        hint: "List them with: sophia plans",
      });
    }
    context.terminal.note(describePlan(plan));
    const tokens = createTokens({ store, clock: systemClock });
    const approver = await authenticateApprover(context, tokens, { server: plan.server, tokenFile: options.tokenFile });
    const decided =
      options.decision === "approve"
        ? await plans.approve(plan.id, approver)
        : await plans.refuse(plan.id, approver, options.reason);
    if (options.json) context.terminal.print(JSON.stringify({ id: decided.id, state: decided.state }));
    else context.terminal.print(`Plan ${decided.id} is ${decided.state} by ${approver.name}.`);
    return 0;
  });
}

/** Everything an approver has to know, line by line. The words come from a tool that an agent called: plain text only. */
export function describePlan({ id, server, tool, caller, plan, risk, expiresAt }: PlanRow): string {
  const changes = plan.changes.map(({ action, resource, before, after }) => {
    const difference =
      before === undefined && after === undefined ? "" : `: ${before ?? "nothing"} -> ${after ?? "nothing"}`;
    return `  ${action} ${resource}${difference}`;
  });
  return [
    `Plan ${id} by ${caller}: ${server} ${tool}`,
    plan.summary,
    ...changes,
    `Blast radius: ${plan.blastRadius}`,
    `Risk: ${risk}. Cost: ${formatCost({ plan })}. Expires: ${new Date(expiresAt).toISOString()}`,
  ]
    .map((line) => (line.startsWith("  ") ? `  ${toPlainLine(line)}` : toPlainLine(line)))
    .join("\n");
}

function formatCost({ plan }: Pick<PlanRow, "plan">): string {
  const cost = plan.costPerHourUsd;
  return `${cost < 0 ? "-" : "+"}${Math.abs(cost).toFixed(2)} USD/h`;
}
