import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { CommandContext } from "../commands/command-context.ts";
import { requireNewest } from "./environment-name.ts";
import { explainMissing, openBackend } from "./open-backend.ts";
import { recordSecretAct } from "./record-secret-act.ts";
import { reportWrite } from "./write-environment.ts";

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
    run: () =>
      backend.rotate(id, options.paths).catch((thrown: unknown) => {
        throw explainMissing(thrown);
      }),
    describe: ({ kept }) => (kept ? "ok" : "invalid_input"),
  });
  const { yaml } = await backend.read(id);
  reportWrite(context, id, { ...result, yaml });
  if (!result.kept) return 1;
  if (options.json) context.terminal.print(JSON.stringify({ environment, revision: result.revision }));
  else context.terminal.note(`${environment} is at revision ${result.revision}.`);
  return 0;
}
