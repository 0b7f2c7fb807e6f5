import { writeFileSync } from "node:fs";
import { join, dirname } from "node:path";
import { makeFolder } from "@sophia/core/config/make-folder";
import { toFileError } from "@sophia/core/config/start-errors";
import { AppError } from "@sophia/core/errors/app-error";
import { formatCredential } from "@sophia/core/secrets/backend/local/credential";
import { listImportClosure } from "@sophia/core/secrets/backend/local/import-closure";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { secretGroups, type Stage } from "@sophia/core/secrets/settings/group-environments";
import { listServerEnvironments } from "@sophia/core/secrets/settings/server-environments";
import { secretsFolder } from "@sophia/core/secrets/settings/secret-store";
import type { CommandContext } from "../commands/command-context.ts";
import { openBackend, type OpenSecrets } from "./open-backend.ts";
import { recordSecretAct } from "./record-secret-act.ts";

export interface CredentialOptions {
  /** A server's id (ai, data, infra, bi), or an environment. */
  holder: string;
  stage: Stage | undefined;
  /** Default: a file of the data directory. */
  out: string | undefined;
  /** To stdout instead of a file. */
  print: boolean;
  json: boolean;
}

/** `secrets credential`: the keys of one server's environment and what that imports, for a container or another host. */
export async function runCredential(context: CommandContext, options: CredentialOptions): Promise<number> {
  const secrets = await openBackend(context);
  if (secrets.backend.kind !== "local") {
    throw new AppError("invalid_input", "Pulumi Cloud gives its own access tokens.", {
      hint: "Give each server one in PULUMI_ACCESS_TOKEN.",
    });
  }
  if (options.print && options.out !== undefined) {
    throw new AppError("invalid_input", "--print and --out exclude each other.", { hint: "Leave one of them out." });
  }
  const stage = options.stage ?? secrets.stage;
  const ids = await listEnvironments(secrets, options.holder, stage);
  const environments = ids.map(formatEnvironmentId);
  const credential = await recordSecretAct(context, {
    command: "credential",
    effect: "read",
    subject: { holder: options.holder, environments },
    run: async () => formatCredential(secrets.keyring, ids),
  });
  if (options.print) {
    context.terminal.print(options.json ? JSON.stringify({ environments, credential }) : credential);
    if (!options.json) context.terminal.note(`It opens ${environments.join(", ")} and nothing else.`);
    return 0;
  }
  const file =
    options.out ??
    join(
      secretsFolder(context.config.platform.dataDir),
      "credentials",
      `${options.holder.replaceAll("/", ".")}-${stage}`,
    );
  write(file, credential);
  if (options.json) context.terminal.print(JSON.stringify({ environments, file }));
  else {
    context.terminal.print(file);
    context.terminal.note(
      `It opens ${environments.join(", ")} and nothing else. Give the server SOPHIA_SECRETS_CREDENTIAL_FILE=${file}`,
    );
  }
  return 0;
}

async function listEnvironments(
  { backend, parseName }: OpenSecrets,
  holder: string,
  stage: Stage,
): Promise<readonly EnvironmentId[]> {
  const group = secretGroups.find(({ server }) => server === holder);
  if (group === undefined) return [...(await listImportClosure(backend, parseName(holder).id))];
  return await listServerEnvironments(backend, group, stage);
}

function write(file: string, credential: string): void {
  try {
    makeFolder(dirname(file));
    writeFileSync(file, `${credential}\n`, { mode: 0o600, flag: "wx", flush: true });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw toFileError(thrown, file);
    throw new AppError("invalid_input", `${file} is there already.`, {
      hint: "Remove it first, or choose another with --out.",
    });
  }
}
