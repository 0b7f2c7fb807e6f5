import { AppError } from "@sophia/core/errors/app-error";
import { isConflict } from "@sophia/core/secrets/backend/conflict";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type {
  EnvironmentId,
  EnvironmentSource,
  SecretBackend,
  UpdateResult,
} from "@sophia/core/secrets/backend/secret-backend";
import type { CommandContext } from "../commands/command-context.ts";
import { requireNewest } from "./environment-name.ts";
import { explainMissing, openBackend } from "./open-backend.ts";
import { makePrivateFolder, type PrivateFolder } from "./private-folder.ts";
import { readInput } from "./read-input.ts";
import { recordSecretAct } from "./record-secret-act.ts";
import { resolveEditor } from "./resolve-editor.ts";
import { runChild } from "./run-child.ts";
import { showDiagnostics } from "./show-diagnostics.ts";
import { type KeptUpdate, reportWrite } from "./write-environment.ts";

export interface EditOptions {
  environment: string;
  editor: string | undefined;
  /** Takes the whole text from a file instead; `-` is stdin. */
  file: string | undefined;
  /** Shows secrets as ciphertext, which needs no key. */
  sealed: boolean;
  message: string | undefined;
  json: boolean;
}

/** `secrets edit`: the definition in an editor, secrets in the clear, from a file in memory that is gone afterwards. */
export async function runEdit(context: CommandContext, options: EditOptions): Promise<number> {
  const { backend, parseName } = await openBackend(context);
  const id = requireNewest(parseName(options.environment));
  const subject = { environment: formatEnvironmentId(id), file: options.file };
  const result = await recordSecretAct(context, {
    command: "edit",
    effect: "update",
    subject,
    run: () =>
      options.file === undefined
        ? editText(context, { backend, id, options })
        : replaceText(context, { backend, id, options }),
    describe: (written) => (written === undefined ? "unchanged" : "ok"),
  });
  const environment = formatEnvironmentId(id);
  const revision = result?.revision;
  if (options.json)
    context.terminal.print(
      JSON.stringify({ environment, changed: revision !== undefined, ...(revision && { revision }) }),
    );
  else
    context.terminal.note(
      revision === undefined ? "Nothing was changed." : `${environment} is at revision ${revision}.`,
    );
  return 0;
}

interface Editing {
  backend: SecretBackend;
  id: EnvironmentId;
  options: EditOptions;
}

async function replaceText(context: CommandContext, { backend, id, options }: Editing): Promise<KeptUpdate> {
  const yaml = await readInput(options.file ?? "-");
  const { etag } = await explainMissing(backend.read(id));
  const result = await backend.update(id, yaml, { etag, message: options.message });
  return reportWrite(context, id, { ...result, yaml });
}

/** Undefined when the person gave up or changed nothing. */
async function editText(context: CommandContext, { backend, id, options }: Editing): Promise<KeptUpdate | undefined> {
  const editor = resolveEditor(context.environment, options.editor);
  const read = (): Promise<EnvironmentSource> => backend.read(id, { decrypt: !options.sealed });
  let source = await explainMissing(read());
  const folder = makePrivateFolder(context.environment);
  if (!folder.isInMemory) context.terminal.note(`The text is on a disk, in ${folder.path}, until the editor ends.`);
  try {
    let text = source.yaml;
    for (;;) {
      const edited = await openEditor(context, { editor, folder, text });
      if (edited.trim() === "" || edited === source.yaml) return undefined;
      text = edited;
      const outcome = await tryWrite(backend, id, { yaml: text, etag: source.etag, message: options.message });
      if (outcome !== "conflict") {
        showDiagnostics(context.terminal, outcome.diagnostics, { environment: formatEnvironmentId(id), source: text });
        if (outcome.kept) return outcome;
      } else {
        source = await read();
        context.terminal.note(
          `Somebody else made revision ${source.revision} in the meantime: \`secrets diff\` shows it. Going on puts your text over theirs.`,
        );
      }
      if (!(await wantsToGoOn(context))) throw gaveUp(id);
    }
  } finally {
    folder.dispose();
  }
}

async function tryWrite(
  backend: SecretBackend,
  id: EnvironmentId,
  { yaml, etag, message }: { yaml: string; etag: string; message: string | undefined },
): Promise<UpdateResult | "conflict"> {
  try {
    return await backend.update(id, yaml, { etag, message });
  } catch (thrown) {
    if (isConflict(thrown)) return "conflict";
    throw thrown;
  }
}

async function openEditor(
  { environment }: CommandContext,
  { editor, folder, text }: { editor: readonly string[]; folder: PrivateFolder; text: string },
): Promise<string> {
  const { readFileSync, writeFileSync, existsSync } = await import("node:fs");
  const [command = "", ...rest] = editor;
  const file = `${folder.path}/environment.yaml`;
  if (existsSync(file)) writeFileSync(file, text);
  else folder.write("environment.yaml", text);
  const inherited = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const code = await runChild({
    command,
    arguments: [...rest, file],
    environment: Object.fromEntries(inherited),
    needles: undefined,
    onStarted: (pid) => folder.setUser(pid),
  });
  if (code === 0) return readFileSync(file, "utf8");
  throw new AppError("invalid_input", `The editor ${command} ended with exit code ${code}: nothing was changed.`, {
    hint: "Choose another one with --editor, VISUAL or EDITOR.",
  });
}

/** On a terminal only: a script's editor would write the same text for ever. */
async function wantsToGoOn({ terminal }: CommandContext): Promise<boolean> {
  if (!terminal.interactive) return false;
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message: "Go on editing?" });
  return !isCancel(answer) && answer;
}

function gaveUp(id: EnvironmentId): AppError {
  return new AppError("invalid_input", `${formatEnvironmentId(id)} was not changed.`, {
    hint: "What stands in the way is above. The edited text is gone with its file.",
  });
}
