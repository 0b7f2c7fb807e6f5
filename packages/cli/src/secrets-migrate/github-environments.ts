import { createHash } from "node:crypto";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { ownProject } from "@sophia/core/secrets/settings/group-environments";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";

const stageNames: Readonly<Record<string, Stage>> = {
  production: "production",
  prod: "production",
  live: "production",
  staging: "staging",
  stage: "staging",
  development: "development",
  dev: "development",
};

/** The stage that a GitHub environment's name says; undefined for one of its own kind, such as `github-pages`. */
export function stageOfGithubEnvironment(environment: string): Stage | undefined {
  const key = environment.toLowerCase();
  return Object.hasOwn(stageNames, key) ? stageNames[key] : undefined;
}

/** The environment that gives a repository's jobs their secrets: those in no GitHub environment, or those in one. */
export function githubEnvironmentId(repository: string, environment?: string): EnvironmentId {
  const words = [repository, ...(environment === undefined ? [] : [environment])].join("/");
  const plain = words.replaceAll("/", "-");
  const safe = plain.replaceAll(/[^\w.-]/g, "-").slice(0, 80);
  // Two GitHub environments must not meet in one because their names differ only in what ESC does not allow.
  const suffix = safe === plain ? "" : `-${createHash("sha256").update(words).digest("hex").slice(0, 8)}`;
  return { project: ownProject, name: `github-${safe}${suffix}` };
}
