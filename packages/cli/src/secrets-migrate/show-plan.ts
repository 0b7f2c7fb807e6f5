import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { shortFingerprint } from "@sophia/core/secrets/backend/local/short-fingerprint";
import { unwrap } from "@sophia/core/config/secret";
import { formatTable } from "../format-table.ts";
import { toPlainLine } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { describeScope } from "./export-scope.ts";
import type { MigrationStore } from "./migration-store.ts";
import type { PlannedValue } from "./plan-changes.ts";

/** One line of the plan as programs read it. No value, and no more of its fingerprint than tells two apart. */
export interface PlanLine {
  name: string;
  scope: string;
  owner: string;
  environment: string;
  variable: string;
  status: string;
  written: boolean;
  fingerprint: string;
  doubt?: string;
}

export function toPlanLines(store: MigrationStore, values: readonly PlannedValue[]): PlanLine[] {
  return values.map(({ placement, status, written }) => ({
    name: placement.name,
    scope: placement.scope,
    owner: placement.owner,
    environment: formatEnvironmentId(store.locate(placement.environment)),
    variable: placement.variable,
    status,
    written: written && status !== "same",
    fingerprint: shortFingerprint(store.keyring, unwrap(placement.value)),
    ...(placement.doubt !== undefined && { doubt: placement.doubt }),
  }));
}

/** The plan as a table, with the doubts below it. */
export function showPlan(terminal: Terminal, lines: readonly PlanLine[], options: { scopes: boolean }): void {
  if (lines.length === 0) return;
  const headers = ["VARIABLE", ...(options.scopes ? ["FROM"] : []), "SERVICE", "ENVIRONMENT", "STATE"];
  const rows = lines.map((line) => [
    line.name === line.variable ? line.name : `${line.name} -> ${line.variable}`,
    ...(options.scopes ? [describeScope(line.scope)] : []),
    line.owner,
    line.environment,
    describeStatus(line),
  ]);
  terminal.print(
    formatTable(
      headers,
      rows.map((row) => row.map(toPlainLine)),
      terminal.columns,
    ),
  );
  for (const { name, doubt } of lines) {
    if (doubt !== undefined) terminal.note(toPlainLine(`${name}: ${doubt}.`));
  }
}

function describeStatus({ status, written }: PlanLine): string {
  if (status === "changed") return written ? "changed" : "changed (kept)";
  return status;
}
