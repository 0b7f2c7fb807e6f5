import { existsSync } from "node:fs";
import { AppError } from "@sophia/core/errors/app-error";
import { verifyAudit } from "@sophia/core/observe/audit";
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
  const rows = report.chains.map(({ chain, entries, checkpoints, end }) => [
    chain,
    String(entries),
    String(checkpoints),
    end,
  ]);
  if (rows.length > 0) terminal.print(formatTable(["CHAIN", "ENTRIES", "CHECKPOINTS", "END"], rows, terminal.columns));
  for (const note of report.notes) terminal.note(`note: ${note.chain} line ${note.line} ${note.reason}`);
  for (const problem of report.problems) {
    terminal.note(terminal.style("red", `PROBLEM: ${problem.chain} line ${problem.line} ${problem.reason}`));
  }
  terminal.print(
    report.ok
      ? `The audit is whole: ${report.entries} entries in ${report.chains.length} chains.`
      : `The audit was changed or is damaged: ${report.problems.length} of ${report.chains.length} chains.`,
  );
  return report.ok ? 0 : 1;
}
