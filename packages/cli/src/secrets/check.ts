import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import type { EscDiagnostic } from "@sophia/core/secrets/esc/evaluation";
import { AppError, toAppError } from "@sophia/core/errors/app-error";
import { hasErrors } from "@sophia/core/secrets/inspect/has-errors";
import type { CommandContext } from "../commands/command-context.ts";
import { checkVariables } from "./check-variables.ts";
import type { EnvironmentName } from "./environment-name.ts";
import { openBackend, type OpenSecrets } from "./open-backend.ts";
import { readInput } from "./read-input.ts";
import { readRevision } from "./read-revision.ts";
import { showDiagnostics } from "./show-diagnostics.ts";

export interface CheckOptions {
  environment: string | undefined;
  /** A text that is not stored; `-` is stdin. */
  file: string | undefined;
  json: boolean;
}

interface Checked {
  environment: string;
  source: string;
  diagnostics: readonly EscDiagnostic[];
}

/**
 * `secrets check`: what is wrong with an environment, in the language and, where this key opens it, by the schemas of the
 * services whose variables it sets. Exit code 1 when something is.
 */
export async function runCheck(context: CommandContext, options: CheckOptions): Promise<number> {
  const secrets = await openBackend(context);
  const checked = await check(secrets, options);
  const isWrong = hasErrors(checked.diagnostics);
  if (options.json) {
    const { environment, diagnostics } = checked;
    context.terminal.print(JSON.stringify({ ok: !isWrong, environment, diagnostics }));
    return isWrong ? 1 : 0;
  }
  showDiagnostics(context.terminal, checked.diagnostics, checked);
  const count = checked.diagnostics.length;
  context.terminal.note(
    count === 0
      ? `${checked.environment} is well.`
      : `${checked.environment}: ${count} ${count === 1 ? "diagnostic" : "diagnostics"}.`,
  );
  return isWrong ? 1 : 0;
}

async function check(secrets: OpenSecrets, { environment, file }: CheckOptions): Promise<Checked> {
  if ((environment === undefined) === (file === undefined)) {
    throw new AppError("invalid_input", "Name an environment, or a file with --file.", {
      hint: "`secrets ls` lists the environments.",
    });
  }
  if (file !== undefined) return await checkText(secrets.backend, await readInput(file));
  const name = secrets.parseName(environment ?? "");
  const { yaml, checked } = await readRevision(secrets.backend, name, { decrypt: false });
  const opened = hasErrors(checked.diagnostics) ? undefined : await checkOpened(secrets, name);
  const diagnostics = opened ?? checked.diagnostics;
  return { environment: formatEnvironmentId(name.id), source: yaml, diagnostics };
}

/** Undefined when this key does not open it. */
async function checkOpened(
  { backend }: OpenSecrets,
  { id, revision }: EnvironmentName,
): Promise<readonly EscDiagnostic[] | undefined> {
  try {
    const { environment, diagnostics } = await backend.open(id, { revision });
    return environment === undefined ? diagnostics : [...diagnostics, ...checkVariables(environment)];
  } catch (thrown) {
    if (toAppError(thrown).kind === "denied") return undefined;
    throw thrown;
  }
}

async function checkText(backend: SecretBackend, source: string): Promise<Checked> {
  const { diagnostics } = await backend.check({ yaml: source });
  return { environment: "<yaml>", source, diagnostics };
}
