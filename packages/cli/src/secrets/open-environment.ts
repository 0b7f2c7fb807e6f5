import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { OpenedEnvironment, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import { parsePropertyPath } from "@sophia/core/secrets/esc/property-path";
import { requireEnvironment } from "@sophia/core/secrets/inspect/require-environment";
import type { CommandContext } from "../commands/command-context.ts";
import type { EnvironmentName } from "./environment-name.ts";
import { parseFormat, renderEnvironment } from "./format/render-environment.ts";
import { explainMissing, openBackend } from "./open-backend.ts";
import { recordSecretAct } from "./record-secret-act.ts";

export interface OpenOptions {
  environment: string;
  path: string | undefined;
  format: string;
}

const openDeadlineMs = 60_000;

/** `secrets open`: everything an environment comes to, its secrets in the clear, also those that providers give. */
export async function runOpen(context: CommandContext, options: OpenOptions): Promise<number> {
  const format = parseFormat(options.format, options.path);
  const path = parsePropertyPath(options.path ?? "");
  const { backend, parseName } = await openBackend(context);
  const name = parseName(options.environment);
  const opened = await recordSecretAct(context, {
    command: "open",
    effect: "read",
    subject: { environment: formatEnvironmentId(name.id), revision: name.revision, path: options.path },
    run: () => openNamed(backend, name),
  });
  const environment = requireEnvironment(name.id, opened);
  context.terminal.print(renderEnvironment(environment, { format, path, reveal: true }));
  const files = environment.properties.get("files");
  if ((format === "dotenv" || format === "shell") && files !== undefined) {
    context.terminal.note(
      "The entries of `files` are not written by this command: `secrets run` gives a program its files.",
    );
  }
  return 0;
}

export async function openNamed(backend: SecretBackend, { id, revision }: EnvironmentName): Promise<OpenedEnvironment> {
  const signal = AbortSignal.timeout(openDeadlineMs);
  return await explainMissing(backend.open(id, { revision, signal }));
}
