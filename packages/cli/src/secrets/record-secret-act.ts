import type { AuditEntry } from "@sophia/core/observe/audit";
import { recordAct } from "../commands/audit.ts";
import type { CommandContext } from "../commands/command-context.ts";

export interface SecretAct<Result> {
  /** Without `secrets.`: the command's name. */
  command: string;
  /** `read` when values leave the store in the clear. */
  effect: "read" | "create" | "update" | "destroy";
  /** What was asked for: names and revisions, never a value. Kept as a hash. */
  subject: Readonly<Record<string, unknown>>;
  run(): Promise<Result>;
  /** How it ended; `ok` when left out. */
  describe?(result: NoInfer<Result>): AuditEntry["outcome"];
}

/** Does something with secrets between two durable lines of the audit, and not at all when the first cannot be written. */
export async function recordSecretAct<Result>(context: CommandContext, act: SecretAct<Result>): Promise<Result> {
  const { command, effect, subject, run, describe } = act;
  return await recordAct<undefined, Result>(context, {
    tool: `secrets.${command}`,
    effect,
    phase: "secret",
    server: "*",
    arguments: subject,
    identify: () => Promise.resolve(undefined),
    run,
    describe: (result) => ({ outcome: describe?.(result) ?? "ok" }),
  });
}
