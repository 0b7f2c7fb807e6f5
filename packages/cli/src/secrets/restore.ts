import { formatCommand } from "@sophia/core/config/command-line";
import { AppError } from "@sophia/core/errors/app-error";
import type { LocalBackend } from "@sophia/core/secrets/backend/local/local-backend";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { CommandContext } from "../commands/command-context.ts";
import { formatTable } from "../format-table.ts";
import { requireNewest } from "./environment-name.ts";
import { formatTime } from "../format-time.ts";
import { findAuthor } from "./open-backend.ts";
import { recordSecretAct } from "./record-secret-act.ts";
import { type RotationDesk, withRotations } from "./with-rotations.ts";

export interface RestoreOptions {
  /** Id of a backup, or the name of an environment that was removed; undefined lists both. */
  what: string | undefined;
  limit: number;
  json: boolean;
}

/** `secrets restore`: an environment as it was before a rotation, or one that was removed. */
export async function runRestore(context: CommandContext, options: RestoreOptions): Promise<number> {
  return await withRotations(context, async (desk) => {
    const { what } = options;
    if (what === undefined) return await listAll(context, desk, options);
    const backups = await desk.rotations.backups();
    const backup = backups.find(({ id }) => id === what);
    if (backup === undefined) return await putBack(context, desk, what, options.json);
    const result = await recordSecretAct(context, {
      command: "restore",
      effect: "update",
      subject: { backup: backup.id, environment: formatEnvironmentId(backup.environment) },
      run: () => desk.rotations.restore(backup.id, findAuthor()),
    });
    if (options.json) context.terminal.print(JSON.stringify(result));
    else {
      const name = formatEnvironmentId(result.environment);
      context.terminal.note(`${name} is at revision ${result.revision}, as it was at ${formatTime(backup.createdAt)}.`);
      for (const path of result.keptPaths)
        context.terminal.note(`${path} keeps its present value: the older one is no longer valid.`);
      context.terminal.note(`What was there before: ${formatCommand(`secrets restore ${result.backupId}`)}`);
    }
    return 0;
  });
}

/** Only files on this machine have a bin. */
function asLocal({ secrets }: RotationDesk): LocalBackend | undefined {
  return secrets.backend.kind === "local" ? (secrets.backend as LocalBackend) : undefined;
}

async function putBack(context: CommandContext, desk: RotationDesk, what: string, json: boolean): Promise<number> {
  const backend = asLocal(desk);
  if (backend === undefined || !/^[\w./-]+$/.test(what)) throw notThere();
  const id = requireNewest(desk.secrets.parseName(what));
  const deleted = await backend.listDeleted();
  if (!deleted.some((each) => formatEnvironmentId(each) === formatEnvironmentId(id))) throw notThere();
  const environment = formatEnvironmentId(id);
  const summary = await recordSecretAct(context, {
    command: "restore",
    effect: "create",
    subject: { environment },
    run: () => backend.restore(id),
  });
  if (json) context.terminal.print(JSON.stringify({ environment, revision: summary.revision }));
  else context.terminal.note(`${environment} is back, at revision ${summary.revision}.`);
  return 0;
}

async function listAll(context: CommandContext, desk: RotationDesk, { limit, json }: RestoreOptions): Promise<number> {
  const backups = (await desk.rotations.backups()).slice(0, limit);
  const deleted = ((await asLocal(desk)?.listDeleted()) ?? []).slice(0, limit);
  if (json) {
    context.terminal.print(JSON.stringify({ backups, removed: deleted }));
    return 0;
  }
  const rows = [
    ...backups.map(({ id, environment, revision, createdAt, reason }) => [
      id,
      formatEnvironmentId(environment),
      String(revision),
      formatTime(createdAt),
      reason,
    ]),
    ...deleted.map((each) => [
      formatEnvironmentId(each),
      formatEnvironmentId(each),
      "",
      formatTime(each.deletedAt),
      "removed",
    ]),
  ];
  if (rows.length === 0) context.terminal.note("There are no backups yet, and nothing was removed.");
  else
    context.terminal.print(
      formatTable(["RESTORE", "ENVIRONMENT", "REVISION", "MADE", "WHY"], rows, context.terminal.columns),
    );
  return 0;
}

function notThere(): AppError {
  return new AppError("not_found", "There is no such backup, and no removed environment of this name.", {
    hint: `List them with: ${formatCommand("secrets restore")}`,
  });
}
