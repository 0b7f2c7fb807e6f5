import { formatCommand } from "@sophia/core/config/command-line";
import { AppError } from "@sophia/core/errors/app-error";
import { unlessMissing } from "@sophia/core/errors/unless-missing";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import { renderSkeleton, type EnvironmentSkeleton } from "@sophia/vendors/environments/render-skeleton";
import type { CommandContext } from "../commands/command-context.ts";
import { listPlaces } from "../server-settings.ts";
import { requireNewest } from "./environment-name.ts";
import { openBackend, type OpenSecrets } from "./open-backend.ts";
import { readInput } from "./read-input.ts";
import { recordSecretAct } from "./record-secret-act.ts";

export interface InitOptions {
  /** One environment by its name; undefined makes those of a stage. */
  environment: string | undefined;
  /** The text of that one; `-` is stdin. */
  file: string | undefined;
  stage: Stage | undefined;
  json: boolean;
}

/** `secrets init`: the environments of a stage from the skeleton, or one. What is there already stays as it is. */
export async function runInit(context: CommandContext, options: InitOptions): Promise<number> {
  const secrets = await openBackend(context);
  const wanted = await listWanted(secrets, options);
  const made: string[] = [];
  const kept: string[] = [];
  for (const skeleton of wanted) {
    const name = formatEnvironmentId(skeleton.id);
    const isNew = await recordSecretAct(context, {
      command: "init",
      effect: "create",
      subject: { environment: name },
      run: () => make(secrets.backend, skeleton, { mayExist: options.environment === undefined }),
      describe: (created) => (created ? "created" : "kept"),
    });
    (isNew ? made : kept).push(name);
  }
  if (options.json) context.terminal.print(JSON.stringify({ created: made, kept }));
  else report(context, secrets, { made, kept, isStage: options.environment === undefined });
  return 0;
}

async function listWanted(secrets: OpenSecrets, options: InitOptions): Promise<readonly EnvironmentSkeleton[]> {
  if (options.environment === undefined) {
    if (options.file !== undefined) {
      throw new AppError("invalid_input", "--file is the text of one environment.", {
        hint: "Name it: secrets init PROJECT/NAME --file FILE",
      });
    }
    const skeletons = renderSkeleton(listPlaces(), options.stage ?? secrets.stage);
    return skeletons.map(({ id, yaml }) => ({ id: secrets.locate(id), yaml }));
  }
  const id = requireNewest(secrets.parseName(options.environment));
  return [{ id, yaml: options.file === undefined ? "" : await readInput(options.file) }];
}

/** False when it was there. */
async function make(
  backend: SecretBackend,
  { id, yaml }: EnvironmentSkeleton,
  { mayExist }: { mayExist: boolean },
): Promise<boolean> {
  const there = await unlessMissing(backend.read(id));
  if (there !== undefined && !mayExist) {
    throw new AppError("invalid_input", `${formatEnvironmentId(id)} is there already.`, {
      hint: "`secrets edit` changes it.",
    });
  }
  // As a start that was cut off leaves it: made, and never written.
  const isBegun = there?.revision === 1 && there.yaml.trim() === "";
  if (there !== undefined && !isBegun) return false;
  if (there === undefined) await backend.create(id, { message: "Create" });
  if (yaml.trim() === "") return true;
  const result = await backend.update(id, yaml, { message: "Begin", ...(there && { etag: there.etag }) });
  if (result.kept) return true;
  // Nobody asked for an empty one.
  await backend.delete(id);
  throw new AppError("invalid_input", `${formatEnvironmentId(id)} was not made: its text has errors.`, {
    hint: result.diagnostics
      .map(({ summary, path }) => `${path ?? ""}: ${summary}`)
      .slice(0, 5)
      .join("\n"),
  });
}

function report(
  { terminal }: CommandContext,
  { backend }: OpenSecrets,
  { made, kept, isStage }: { made: string[]; kept: string[]; isStage: boolean },
): void {
  for (const name of made) terminal.print(name);
  const left = kept.length === 0 ? "" : ` ${kept.length} were there and stay as they are.`;
  terminal.note(
    `${made.length} ${made.length === 1 ? "environment" : "environments"} made in ${backend.location}.${left}`,
  );
  if (!isStage) return;
  terminal.note(
    `Set a value with: ${formatCommand("secrets set OPENROUTER_API_KEY")}, or bring all of an .env file: ${formatCommand("secrets import .env")}`,
  );
  terminal.note("Servers that run already take their secrets from here after a restart.");
}
