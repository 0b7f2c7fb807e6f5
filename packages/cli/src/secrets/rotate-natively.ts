import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { CommandContext } from "../commands/command-context.ts";
import { requireNewest } from "./environment-name.ts";
import { explainMissing, openBackend } from "./open-backend.ts";
import { recordSecretAct } from "./record-secret-act.ts";
import { describeWrite, reportWrite } from "./write-environment.ts";

export interface NativeRotateOptions {
  environment: string;
  /** Those under these paths; all when empty. */
  paths: readonly string[];
  json: boolean;
}

/** `secrets rotate ENVIRONMENT --native`: runs the `fn::rotate` that the definition itself names. */
export async function runRotateNatively(context: CommandContext, options: NativeRotateOptions): Promise<number> {
  const { backend, parseName } = await openBackend(context);
  const id = requireNewest(parseName(options.environment));
  const environment = formatEnvironmentId(id);
  const result = await recordSecretAct(context, {
    command: "rotate",
    effect: "update",
    subject: { environment, paths: options.paths },
    run: () => explainMissing(backend.rotate(id, options.paths)),
    describe: describeWrite,
  });
  const { yaml } = await backend.read(id);
  const { revision } = reportWrite(context, id, { ...result, yaml });
  if (options.json) context.terminal.print(JSON.stringify({ environment, revision }));
  else context.terminal.note(`${environment} is at revision ${revision}.`);
  return 0;
}
