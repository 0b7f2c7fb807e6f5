import { createPlans } from "@sophia/core/approval/plans";
import type { PlanRow, Plans } from "@sophia/core/approval/plans";
import { ensurePlanKey } from "@sophia/core/approval/plan-key";
import { createTokens } from "@sophia/core/approval/tokens";
import { formatCommand } from "@sophia/core/config/command-line";
import { AppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import { ChangePlan } from "@sophia/core/approval/change-plan";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Store } from "@sophia/core/store/store";
import { formatTable } from "../format-table.ts";
import { toPlainLine } from "../terminal.ts";
import { withStore } from "../with-store.ts";
import { authenticateApprover } from "./approver.ts";
import { recordAct } from "./audit.ts";
import type { CommandContext } from "./command-context.ts";

/** Plans that wait for a decision, or all recent ones. */
export async function runPlans(context: CommandContext, options: { all: boolean; json: boolean }): Promise<number> {
  return await withStore(context.config, context.log, async (store) => {
    const plans = openPlans(context, store);
    const rows = await plans.list(options.all ? {} : { state: "proposed" });
    if (options.json) {
      const parsed = rows.map((row) => ({
        ...row,
        plan: parsePlan(row),
        arguments: JSON.parse(row.arguments) as unknown,
      }));
      context.terminal.print(JSON.stringify({ plans: parsed }));
      return 0;
    }
    const cells = rows.map((row) => {
      const plan = parsePlan(row);
      return [row.id, row.server, plan.summary, plan.risk, formatCost(plan), row.state];
    });
    if (rows.length === 0) {
      context.terminal.note(options.all ? "No plans yet." : "Nothing waits for a decision.");
      return 0;
    }
    const headers = ["ID", "SERVER", "PLAN", "RISK", "COST", "STATE"];
    context.terminal.print(formatTable(headers, cells, context.terminal.columns));
    if (!options.all)
      context.terminal.note(`\nDecide with: ${formatCommand("approve ID")}, or: ${formatCommand("refuse ID")}`);
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
    const plans = openPlans(context, store);
    const plan = await plans.get(options.id);
    if (plan === undefined) {
      throw new AppError("not_found", `There is no plan ${toPlainLine(options.id)}.`, {
        hint: `List them with: ${formatCommand("plans --all")}. Servers in containers keep their own.`,
      });
    }
    context.terminal.note(describePlan(plan));
    const tokens = createTokens({ store, clock: systemClock });
    const { decision, reason, tokenFile } = options;
    const { row, name } = await recordAct(context, {
      tool: decision,
      effect: "update",
      phase: "decide",
      server: plan.server,
      planId: plan.id,
      arguments: { id: plan.id, decision, reason },
      identify: () => authenticateApprover(context, tokens, { server: plan.server, tokenFile }),
      async run(approver) {
        const decided =
          decision === "approve"
            ? await plans.approve(plan.id, approver)
            : await plans.refuse(plan.id, approver, reason);
        return { row: decided, name: approver.name };
      },
      describe: ({ row }) => ({ outcome: row.state }),
    });
    if (options.json) context.terminal.print(JSON.stringify({ id: row.id, state: row.state }));
    else context.terminal.print(`Plan ${row.id} is ${row.state} by ${name}.`);
    return 0;
  });
}

function openPlans({ config }: CommandContext, store: Store<CoreTables>): Plans {
  return createPlans({ store, clock: systemClock, key: ensurePlanKey(config.platform.dataDir) });
}

/** The row has been in a file that others can write. */
function parsePlan(row: PlanRow): ChangePlan {
  return ChangePlan.parse(JSON.parse(row.plan));
}

/** Everything an approver has to know, line by line. The words come from a tool that an agent called: plain text only. */
function describePlan(row: PlanRow): string {
  const plan = parsePlan(row);
  const changes = plan.changes.map(({ action, resource, before, after }) => {
    const difference =
      before === undefined && after === undefined ? "" : `: ${before ?? "nothing"} -> ${after ?? "nothing"}`;
    return `  ${toPlainLine(`${action} ${resource}${difference}`)}`;
  });
  return [
    toPlainLine(`Plan ${row.id} by ${row.caller}: ${row.server} ${row.tool}`),
    toPlainLine(plan.summary),
    ...changes,
    toPlainLine(`Blast radius: ${plan.blastRadius}`),
    `Risk: ${plan.risk}. Cost: ${formatCost(plan)}. Expires: ${new Date(row.expires_at).toISOString()}`,
  ].join("\n");
}

function formatCost({ costPerHourUsd }: ChangePlan): string {
  return `${costPerHourUsd < 0 ? "-" : "+"}${Math.abs(costPerHourUsd).toFixed(2)} USD/h`;
}
