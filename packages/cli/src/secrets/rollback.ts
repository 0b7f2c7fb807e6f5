import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { CommandContext } from "../commands/command-context.ts";
import { openBackend } from "./open-backend.ts";
import { readRevision } from "./read-revision.ts";
import { recordSecretAct } from "./record-secret-act.ts";
import { describeWrite, reportWrite } from "./write-environment.ts";

export interface RollbackOptions {
  /** With the revision that becomes the newest. */
  environment: string;
  message: string | undefined;
  json: boolean;
}

/** `secrets rollback`: an old text becomes the newest revision. What was newest stays in the history. */
export async function runRollback(context: CommandContext, options: RollbackOptions): Promise<number> {
  const { backend, parseName } = await openBackend(context);
  const { id, revision } = parseName(options.environment);
  const environment = formatEnvironmentId(id);
  if (revision === undefined) {
    throw new AppError("invalid_input", "To which revision?", {
      hint: `Write it behind the name: ${environment}@3. \`secrets log ${environment}\` lists them.`,
    });
  }
  const { yaml, revision: number } = await readRevision(backend, { id, revision }, { decrypt: false });
  const message = options.message ?? `Roll back to revision ${number}`;
  const result = await recordSecretAct(context, {
    command: "rollback",
    effect: "update",
    subject: { environment, revision: number },
    run: () => backend.rollback(id, number, { message }),
    describe: describeWrite,
  });
  const { revision: newest } = reportWrite(context, id, { ...result, yaml });
  if (options.json) context.terminal.print(JSON.stringify({ environment, revision: newest, from: number }));
  else context.terminal.note(`${environment} is at revision ${newest}, with the text of revision ${number}.`);
  return 0;
}
