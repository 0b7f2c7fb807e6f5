import { formatCommand } from "@sophia/core/config/command-line";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { RotationPlan, RotationTask } from "@sophia/core/secrets/rotation/rotation-types";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import type { CommandContext } from "../commands/command-context.ts";
import { formatTable } from "../format-table.ts";
import { toPlainLine } from "../terminal.ts";
import { describeEnd, followRotation, isFailure } from "./follow-rotation.ts";
import { formatTime } from "../format-time.ts";
import { findAuthor } from "./open-backend.ts";
import { resolveRotationTarget } from "./rotation-target.ts";
import { type RotationDesk, withRotations } from "./with-rotations.ts";

export interface RotateOptions {
  /** A variable of Sophia's, or an environment; undefined shows the rotations there were. */
  target: string | undefined;
  path: string | undefined;
  service: string | undefined;
  stage: Stage | undefined;
  /** Shows what would happen, and changes nothing. */
  plan: boolean;
  /** Leaves the work to a running `up`. */
  detach: boolean;
  limit: number;
  json: boolean;
}

/** `secrets rotate`: exchanges a secret without a moment in which the served one is invalid, and follows it to the end. */
export async function runRotate(context: CommandContext, options: RotateOptions): Promise<number> {
  return await withRotations(context, async (desk) => {
    if (options.target === undefined) return await showRotations(context, desk, options);
    const { rotations, secrets } = desk;
    const target = resolveRotationTarget(secrets, { ...options, first: options.target });
    const plan = await rotations.plan(target);
    if (options.plan) {
      print(context, options.json, plan, describePlan(plan));
      return 0;
    }
    if (!options.json) context.terminal.note(describePlan(plan));
    const { id, task } = await rotations.start(target, findAuthor(), { stateVersion: plan.stateVersion });
    if (task !== undefined) {
      print(context, options.json, { id, task }, describeTask(task));
      return 0;
    }
    if (options.detach) {
      print(
        context,
        options.json,
        { id },
        `Rotation ${id} is under way. Look at it with: ${formatCommand("secrets rotate")}`,
      );
      return 0;
    }
    const status = await followRotation(context, desk, { id, json: options.json, until: "end" });
    print(context, options.json, status, describeEnd(status));
    return isFailure(status) ? 1 : 0;
  });
}

async function showRotations(
  context: CommandContext,
  { rotations }: RotationDesk,
  { limit, json }: RotateOptions,
): Promise<number> {
  const rows = await rotations.status({ limit });
  const policies = await rotations.policies();
  const headers = ["ID", "VARIABLE", "ENVIRONMENT", "STATE", "STEP", "SERVED", "SINCE", "NEXT STEP"];
  const cells = rows.map((row) => [
    row.id,
    row.variable,
    formatEnvironmentId(row.environment),
    row.state,
    row.step,
    row.served,
    formatTime(row.createdAt),
    row.nextStep,
  ]);
  const schedules = policies.map(
    ({ name, targets, nextRunAt }) => `${name}: ${targets.length} secrets, next on ${formatTime(nextRunAt)}`,
  );
  const table = rows.length === 0 ? "No rotations yet." : formatTable(headers, cells, context.terminal.columns);
  print(context, json, { rotations: rows, schedules: policies }, [table, ...schedules].join("\n"));
  return 0;
}

function print({ terminal }: CommandContext, json: boolean, value: unknown, text: string): void {
  terminal.print(json ? JSON.stringify(value) : text);
}

function describePlan(plan: RotationPlan): string {
  const { target, kind, strategy, steps, warnings, consumers, lastRotatedAt, notBefore, pageUrl } = plan;
  const last = lastRotatedAt === undefined ? "never yet" : formatTime(lastRotatedAt);
  return [
    `${target.variable} of ${formatEnvironmentId(target.environment)}: ${kind}, ${strategy}. Last rotated: ${last}.`,
    ...steps.map((step, index) => `  ${index + 1}. ${toPlainLine(step)}`),
    `Used by ${consumers.length === 0 ? "no process that reports it" : consumers.map(({ process }) => process).join(", ")}.`,
    ...(pageUrl === undefined ? [] : [`The new key is made at ${pageUrl}`]),
    ...(notBefore === undefined ? [] : [`Not before ${formatTime(notBefore)}: nothing is rotated until then.`]),
    ...warnings.map((warning) => `Note: ${toPlainLine(warning)}`),
  ].join("\n");
}

export function describeTask({ id, instruction, pageUrl, variable, dueAt, state }: RotationTask): string {
  const done = state === "delete_old" ? "secrets complete " + id + " --deleted" : "secrets complete " + id;
  return `${variable}: ${toPlainLine(instruction)}\n  Page: ${pageUrl}\n  Due: ${formatTime(dueAt)}\n  Then: ${formatCommand(done)}`;
}
