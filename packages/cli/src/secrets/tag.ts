import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import type { CommandContext } from "../commands/command-context.ts";
import { formatEnvironmentName } from "./environment-name.ts";
import { explainMissing, openBackend } from "./open-backend.ts";
import { recordSecretAct } from "./record-secret-act.ts";

export interface TagOptions {
  environment: string;
  /** `NAME` for a revision, `NAME=VALUE` for the environment; undefined lists both. */
  tag: string | undefined;
  remove: boolean;
  json: boolean;
}

/** `secrets tag`: names for revisions (`stable`), and facts about environments (`owner=platform`). */
export async function runTag(context: CommandContext, options: TagOptions): Promise<number> {
  const { backend, parseName } = await openBackend(context);
  const name = parseName(options.environment);
  const { id } = name;
  if (options.tag === undefined) return await listTags(context, backend, { id, json: options.json });
  const act = plan(backend, options.tag, { ...name, remove: options.remove });
  await recordSecretAct(context, {
    command: "tag",
    effect: "update",
    subject: { environment: formatEnvironmentName(name), tag: options.tag, remove: options.remove },
    run: () => explainMissing(act.run()),
  });
  if (options.json)
    context.terminal.print(
      JSON.stringify({ environment: formatEnvironmentId(id), tag: options.tag, removed: options.remove }),
    );
  else context.terminal.note(act.done);
  return 0;
}

interface Target {
  id: EnvironmentId;
  revision: number | string | undefined;
  remove: boolean;
}

function plan(
  backend: SecretBackend,
  tag: string,
  { id, revision, remove }: Target,
): { run(): Promise<void>; done: string } {
  const [key, value] = splitOnce(tag);
  const environment = formatEnvironmentId(id);
  if (value !== undefined) {
    if (revision !== undefined || remove) throw wrongUse();
    return { run: () => backend.setTag(id, key, value), done: `${environment} has the tag ${key}=${value}.` };
  }
  if (remove) {
    const run = async (): Promise<void> => {
      const { tags } = await backend.get(id);
      await (Object.hasOwn(tags, key) ? backend.removeTag(id, key) : backend.untagRevision(id, key));
    };
    return { run, done: `The tag ${key} of ${environment} is removed.` };
  }
  if (key === "latest") {
    throw new AppError("invalid_input", "The tag latest moves by itself.", {
      hint: "Choose another name, for example stable.",
    });
  }
  const run = async (): Promise<void> => {
    const { revision: number } = await backend.read(id, { revision });
    await backend.tagRevision(id, key, number);
  };
  return { run, done: `${environment}@${key} is now revision ${revision ?? "latest"}.` };
}

async function listTags(
  { terminal }: CommandContext,
  backend: SecretBackend,
  { id, json }: { id: EnvironmentId; json: boolean },
): Promise<number> {
  const { tags } = await explainMissing(backend.get(id));
  const revisions = (await backend.revisions(id, { limit: 500 })).filter((each) => each.tags.length > 0);
  if (json) {
    const named = Object.fromEntries(revisions.flatMap((each) => each.tags.map((tag) => [tag, each.revision])));
    terminal.print(JSON.stringify({ environment: formatEnvironmentId(id), tags, revisions: named }));
    return 0;
  }
  for (const [key, value] of Object.entries(tags)) terminal.print(`${key}=${value}`);
  for (const { tags: names, revision } of revisions)
    for (const tag of names) terminal.print(`@${tag} revision ${revision}`);
  return 0;
}

function splitOnce(text: string): [string, string?] {
  const at = text.indexOf("=");
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function wrongUse(): AppError {
  return new AppError("invalid_input", "NAME=VALUE is a tag of the whole environment, NAME one of a revision.", {
    hint: "For example: secrets tag sophia/base@3 stable, secrets tag sophia/base owner=platform, secrets tag sophia/base owner --remove",
  });
}
