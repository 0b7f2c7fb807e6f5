import { AppError } from "@sophia/core/errors/app-error";
import { formatCommand } from "@sophia/core/config/command-line";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import { removeValue } from "@sophia/core/secrets/esc/edit-source";
import { formatPropertyPath, type PropertyPath } from "@sophia/core/secrets/esc/property-path";
import { parseDocument } from "yaml";
import type { CommandContext } from "../commands/command-context.ts";
import { requireNewest } from "./environment-name.ts";
import { explainMissing, openBackend } from "./open-backend.ts";
import { recordSecretAct } from "./record-secret-act.ts";
import { listPlaces } from "../server-settings.ts";
import { resolveSetTarget } from "./set-target.ts";
import { toDocumentPath } from "./document-path.ts";
import { changeText, describeWrite, reportWrite } from "./write-environment.ts";

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
  const secrets = await openBackend(context);
  const place = listPlaces().find(({ variable }) => variable === options.environment);
  if (place === undefined && options.path === undefined) {
    const id = requireNewest(secrets.parseName(options.environment));
    return await removeAll(context, { backend: secrets.backend, id, options });
  }
  const { id, path } = resolveSetTarget(
    secrets,
    [options.environment, options.path ?? ""].slice(0, place ? 1 : 2),
    secrets.stage,
  );
  const environment = formatEnvironmentId(id);
  const what = place?.variable ?? formatPropertyPath(path);
  // Its name first: it refers to the value.
  const paths = place === undefined ? [path] : [["environmentVariables", place.variable], path];
  const result = await recordSecretAct(context, {
    command: "rm",
    effect: "update",
    subject: { environment, path: formatPropertyPath(path) },
    run: () =>
      changeText(secrets.backend, id, {
        apply: (yaml) => paths.reduce((text, each) => removeFrom(text, each, environment), yaml),
        message: `Remove ${what}`,
      }),
    describe: describeWrite,
  });
  const { revision } = reportWrite(context, id, result);
  if (options.json) context.terminal.print(JSON.stringify({ environment, path: formatPropertyPath(path), revision }));
  else context.terminal.note(`${what} is removed; ${environment} is at revision ${revision}.`);
  return 0;
}

function removeFrom(yaml: string, path: PropertyPath, environment: string): string {
  const documentPath = toDocumentPath(path);
  if (parseDocument(yaml).hasIn(documentPath)) return removeValue(yaml, documentPath);
  throw new AppError("not_found", `${environment} itself has nothing at ${formatPropertyPath(path)}.`, {
    hint: "What comes from an import is removed there.",
  });
}

async function removeAll(
  context: CommandContext,
  {
    backend,
    id,
    options,
  }: {
    backend: SecretBackend;
    id: EnvironmentId;
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
    run: () => explainMissing(backend.delete(id)),
  });
  const back =
    backend.kind === "local"
      ? ` For 30 days it comes back with: ${formatCommand(`secrets restore ${environment}`)}`
      : "";
  if (options.json) context.terminal.print(JSON.stringify({ environment, removed: true }));
  else context.terminal.note(`${environment} is removed.${back}`);
  return 0;
}
