import { accessSync, constants, statSync } from "node:fs";
import { request } from "node:http";
import { delimiter, join, resolve as resolvePath } from "node:path";
import type { Environment } from "@sophia/core/config/parse-config";
import type { EnvironmentFacts } from "@sophia/core/config/service";
import { systemClock } from "@sophia/core/limits/clock";
import { parseDockerHost } from "@sophia/vendors/docker/endpoint";
import { findRepositories, resolveRoots } from "@sophia/vendors/github/repository-path";
import { findLocalModels, localModelUrls } from "@sophia/ai/domain/local-models";
import type { CommandContext } from "./command-context.ts";

const timeoutMs = 700;

/** What this machine has to offer, looked up in under two seconds and without starting anything. */
export async function findFacts(
  { environment, config, log }: Pick<CommandContext, "environment" | "config" | "log">,
  modelUrls = localModelUrls,
): Promise<EnvironmentFacts> {
  const { SOPHIA_AI_LOCAL_MODELS: looksForModels, SOPHIA_INFRA_GIT: git, DOCKER_HOST } = config.local;
  const [modelEndpoints, dockerAnswers, repositories] = await Promise.all([
    looksForModels ? findLocalModels(modelUrls, { log, clock: systemClock }) : [],
    findDocker(DOCKER_HOST),
    // From the same folder as the servers, which inherit it from `up`.
    resolveRoots(config.local.SOPHIA_INFRA_REPOSITORIES, process.cwd()).then(findRepositories),
  ]);
  const pulumiCli = findProgram("pulumi", environment);
  const gitClone = findProgram(git, environment) === undefined ? undefined : repositories[0]?.workTree;
  return {
    modelEndpoints,
    dockerAnswers,
    ...(pulumiCli !== undefined && { pulumiCli }),
    ...(gitClone !== undefined && { gitClone }),
  };
}

/** Path of a program on PATH, or of one that is named by its path. */
export function findProgram(name: string, environment: Environment): string | undefined {
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((part) => part !== "");
  for (const path of name.includes("/") ? [resolvePath(name)] : folders.map((folder) => join(folder, name))) {
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

async function findDocker(dockerHost: string | undefined): Promise<boolean> {
  try {
    const { baseUrl, socketPath } = parseDockerHost(dockerHost);
    return await answersPing(baseUrl, socketPath);
  } catch {
    // A form of DOCKER_HOST that Sophia does not speak is no Engine for Sophia.
    return false;
  }
}

function answersPing(baseUrl: string, socketPath: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request(`${baseUrl}/_ping`, { timeout: timeoutMs, ...(socketPath !== undefined && { socketPath }) });
    ping.once("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once("timeout", () => ping.destroy());
    ping.once("error", () => resolve(false));
    ping.once("close", () => resolve(false));
    ping.end();
  });
}
