import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { hashCanonical } from "@sophia/core/approval/canonical-hash";
import { AppError, toAppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import type { Caller } from "@sophia/core/approval/caller";
import { openAudit, verifyAudit } from "@sophia/core/observe/audit";
import type { Audit, AuditEntry } from "@sophia/core/observe/audit";
import { formatTable } from "../format-table.ts";
import type { CommandContext } from "./command-context.ts";

/** Checks every line and signature of the audit. Exit code 1 when anything was changed or is missing. */
export async function runAuditVerify(context: CommandContext, options: { json: boolean }): Promise<number> {
  const { terminal, config } = context;
  if (!existsSync(config.auditDirectory)) {
    throw new AppError("not_found", `There is no audit in ${config.auditDirectory}.`, {
      hint: "Either no server ever ran on this data directory, or somebody removed its record.",
    });
  }
  const report = await verifyAudit(config.auditDirectory);
  if (options.json) {
    terminal.print(JSON.stringify(report));
    return report.ok ? 0 : 1;
  }
  // Each start of a server leaves a chain: those that are whole and closed would soon fill screens.
  const rows = report.chains
    .filter(({ end }) => end !== "closed")
    .map(({ chain, entries, checkpoints, end }) => [chain, String(entries), String(checkpoints), end]);
  if (rows.length > 0) terminal.print(formatTable(["CHAIN", "ENTRIES", "CHECKPOINTS", "END"], rows, terminal.columns));
  for (const note of report.notes) terminal.note(`note: ${note.chain} line ${note.line} ${note.reason}`);
  for (const problem of report.problems) {
    terminal.note(terminal.style("red", `PROBLEM: ${problem.chain} line ${problem.line} ${problem.reason}`));
  }
  terminal.print(
    report.ok
      ? `The audit is whole: ${report.entries} entries in ${report.chains.length} chains, ${rows.length} of them not closed.`
      : `The audit was changed or is damaged: ${report.problems.length} of ${report.chains.length} chains.`,
  );
  return report.ok ? 0 : 1;
}

/** Something a person does on the command line that others have to be able to look up. */
export interface RecordedAct<Person extends Caller | undefined, Result> extends Pick<
  AuditEntry,
  "tool" | "effect" | "phase" | "server" | "planId"
> {
  arguments: unknown;
  /** Who acts; `undefined` for whoever may use this command without a token. */
  identify(): Promise<Person>;
  run(person: Person): Promise<Result>;
  /** How it ended, and the tokens it was about. */
  describe(result: Result): Pick<AuditEntry, "outcome" | "tokenId">;
}

/** Acts between two durable audit lines. Without the first nothing is done; a refused attempt leaves a line as well. */
export async function recordAct<Person extends Caller | undefined, Result>(
  context: CommandContext,
  act: RecordedAct<Person, Result>,
): Promise<Result> {
  const audit = await openOwnAudit(context);
  const { tool, effect, phase, server, planId } = act;
  const argumentsHash = hashCanonical(act.arguments);
  const plan = planId === undefined ? {} : { planId };
  const entry = { requestId: randomUUID(), tool, effect, phase, server, argumentsHash, ...plan };
  let caller = "cli";
  try {
    const person = await act.identify();
    caller = person?.id ?? caller;
    await audit.write({ ...entry, caller, outcome: "begun" });
    const result = await act.run(person);
    await audit.write({ ...entry, caller, ...act.describe(result) });
    return result;
  } catch (thrown) {
    await audit.write({ ...entry, caller, outcome: toAppError(thrown).kind });
    throw thrown;
  } finally {
    await audit.close();
  }
}

/** A server that crashed or was ended by the watchdog. The supervisor goes on when that cannot be recorded. */
export async function recordCrash(context: CommandContext, server: string, reason: string): Promise<void> {
  try {
    const audit = await openOwnAudit(context);
    const argumentsHash = hashCanonical({});
    const entry = { requestId: randomUUID(), caller: "supervisor", server, tool: "supervise", effect: "restart" };
    try {
      await audit.write({ ...entry, phase: "end", argumentsHash, outcome: reason });
    } finally {
      await audit.close();
    }
  } catch (thrown) {
    context.log.error({ err: thrown, child: server }, "crash not recorded");
  }
}

async function openOwnAudit({ config, log }: CommandContext): Promise<Audit> {
  try {
    return await openAudit({ directory: config.auditDirectory, writer: "cli", log, clock: systemClock });
  } catch (thrown) {
    throw new AppError("unavailable", `The audit in ${config.auditDirectory} cannot be written: nothing was done.`, {
      hint: "Look at the free space there, and at who owns the folder.",
      cause: thrown,
    });
  }
}
