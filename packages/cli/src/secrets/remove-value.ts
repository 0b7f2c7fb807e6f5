import { AppError } from "@sophia/core/errors/app-error";
import { formatCommand } from "@sophia/core/config/command-line";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { removeValue } from "@sophia/core/secrets/esc/edit-source";
import { parsePropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { CommandContext } from "../commands/command-context.ts";
import { requireNewest } from "./environment-name.ts";
import { explainMissing, openBackend } from "./open-backend.ts";
import { recordSecretAct } from "./record-secret-act.ts";
import { toDocumentPath } from "./document-path.ts";
import { changeText, reportWrite } from "./write-environment.ts";

export interface RemoveOptions {
  environment: string;
  /** Undefined removes the whole environment. */
  path: string | undefined;
  /** Needed for a whole environment. */
  yes: boolean;
  json: boolean;
}

/** `secrets rm`: a value, or a whole environment. Both can be had back: by `rollback`, and by `restore`. */
export async function runRemove(context: CommandContext, options: RemoveOptions): Promise<number> {
  const { backend, parseName } = await openBackend(context);
  const id = requireNewest(parseName(options.environment));
  const environment = formatEnvironmentId(id);
  if (options.path === undefined) return await removeAll(context, { backend, id, options });
  const path = parsePropertyPath(options.path);
  const result = await recordSecretAct(context, {
    command: "rm",
    effect: "update",
    subject: { environment, path: options.path },
    run: () =>
      changeText(backend, id, {
        apply: (yaml) => removeValue(yaml, toDocumentPath(path)),
        message: `Remove ${options.path}`,
      }),
    describe: ({ kept }) => (kept ? "ok" : "invalid_input"),
  });
  reportWrite(context, id, result);
  const revision = result.kept ? result.revision : undefined;
  if (options.json) context.terminal.print(JSON.stringify({ environment, path: options.path, revision }));
  else context.terminal.note(`${options.path} is removed; ${environment} is at revision ${revision}.`);
  return 0;
}

async function removeAll(
  context: CommandContext,
  {
    backend,
    id,
    options,
  }: {
    backend: Awaited<ReturnType<typeof openBackend>>["backend"];
    id: ReturnType<typeof requireNewest>;
    options: RemoveOptions;
  },
): Promise<number> {
  const environment = formatEnvironmentId(id);
  if (!options.yes) {
    throw new AppError("invalid_input", `This would remove all of ${environment}, with its history.`, {
      hint: `Add --yes if that is meant, or a path to remove one value.`,
    });
  }
  await recordSecretAct(context, {
    command: "rm",
    effect: "destroy",
    subject: { environment },
    run: () =>
      backend.delete(id).catch((thrown: unknown) => {
        throw explainMissing(thrown);
      }),
  });
  const back =
    backend.kind === "local"
      ? ` For 30 days it comes back with: ${formatCommand(`secrets restore ${environment}`)}`
      : "";
  if (options.json) context.terminal.print(JSON.stringify({ environment, removed: true }));
  else context.terminal.note(`${environment} is removed.${back}`);
  return 0;
}
