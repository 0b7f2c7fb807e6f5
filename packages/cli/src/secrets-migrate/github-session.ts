import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { createGithubSecrets } from "@sophia/vendors/github/secrets-api";
import type { GithubSecrets } from "@sophia/vendors/github/secrets-api";
import type { CommandContext } from "../commands/command-context.ts";

/** GitHub's API where there is a token; else everything goes by files. */
export async function withGithub<T>(
  context: CommandContext,
  repository: string,
  work: (github: GithubSecrets | undefined) => Promise<T>,
): Promise<T> {
  const { GITHUB_TOKEN: token, GITHUB_API_URL: baseUrl } = context.config.services;
  if (!(token instanceof Secret) || typeof baseUrl !== "string") return await work(undefined);
  const readOnly = context.config.platform.readOnly;
  const github = createGithubSecrets({ token, baseUrl, repository, readOnly, http: { log: context.log } });
  try {
    return await work(github);
  } finally {
    await github.close();
  }
}

export function requireGithub(github: GithubSecrets | undefined, what: string): GithubSecrets {
  if (github !== undefined) return github;
  throw new AppError("not_configured", `${what} needs a token of GitHub.`, {
    hint: "Set GITHUB_TOKEN to one with the rights Secrets (read and write), Environments (read) and Actions (read and write).",
    service: "github",
  });
}
