import { userInfo } from "node:os";
import { formatCommand } from "@sophia/core/config/command-line";
import { AppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { ownProject, type Stage } from "@sophia/core/secrets/settings/group-environments";
import { loadKeyring, openLocalStore, type SecretStore } from "@sophia/core/secrets/settings/secret-store";
import { openCloudSecrets } from "@sophia/vendors/pulumi-esc/open-cloud-secrets";
import type { CommandContext } from "../commands/command-context.ts";
import { type EnvironmentName, parseEnvironmentName } from "./environment-name.ts";

/** Where a `secrets` command reads and writes. */
export interface OpenSecrets extends Omit<SecretStore, "config"> {
  stage: Stage;
  /** Of a name without a project. */
  defaultProject: string;
  parseName(text: string): EnvironmentName;
}

/** Pulumi Cloud where PULUMI_ACCESS_TOKEN and PULUMI_ESC_ENVIRONMENT are set, else the store in the data directory. */
export async function openBackend({ config, environment, log }: CommandContext): Promise<OpenSecrets> {
  const { platform } = config;
  const keyring = await loadKeyring(platform, environment);
  const cloud = await openCloudSecrets(environment, { clock: systemClock, log });
  const { backend, locate } = cloud ?? {
    backend: await openLocalStore(platform, keyring, { author: findAuthor(), clock: systemClock, environment }),
    locate: keepId,
  };
  const defaultProject = locate({ project: ownProject, name: "any" }).project;
  return {
    backend,
    keyring,
    stage: platform.stage,
    defaultProject,
    locate,
    parseName: (text) => parseEnvironmentName(text, defaultProject),
  };
}

function keepId(id: EnvironmentId): EnvironmentId {
  return id;
}

/** Who changes something, for the history of revisions. A user id without a name is common in containers. */
export function findAuthor(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/** Throws what the work throws, with the way on where an environment is not there. */
export async function explainMissing<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.kind !== "not_found" || !thrown.message.includes("environment"))
      throw thrown;
    throw new AppError("not_found", thrown.message, {
      hint: `\`${formatCommand("secrets ls")}\` lists them; \`${formatCommand("secrets init")}\` makes those of a stage, or one by its name.`,
      cause: thrown,
    });
  }
}
