import { accessSync, constants, existsSync, statSync } from "node:fs";
import { request } from "node:http";
import { delimiter, dirname, join } from "node:path";
import type { Environment } from "@sophia/core/config/parse-config";
import type { EnvironmentFacts } from "@sophia/core/config/service";
import { parseDockerHost } from "@sophia/vendors/docker/endpoint";

const timeoutMs = 700;

/** Where OpenAI-compatible servers listen unless told otherwise: Ollama, vLLM, llama.cpp and TEI, LM Studio. */
const modelEndpoints = [11_434, 8_000, 8_080, 1_234].map((port) => `http://127.0.0.1:${port}`);

/** What this machine has to offer, looked up in under two seconds and without starting anything. */
export async function findFacts(environment: Environment): Promise<EnvironmentFacts> {
  const [answering, dockerAnswers] = await Promise.all([
    Promise.all(modelEndpoints.map(async (url) => ((await answersModels(url)) ? [url] : []))),
    findDocker(environment["DOCKER_HOST"]),
  ]);
  const pulumiCli = findProgram("pulumi", environment);
  const gitClone = findProgram("git", environment) === undefined ? undefined : findClone(process.cwd());
  return {
    modelEndpoints: answering.flat(),
    dockerAnswers,
    ...(pulumiCli !== undefined && { pulumiCli }),
    ...(gitClone !== undefined && { gitClone }),
  };
}

/** Path of a program on PATH. */
export function findProgram(name: string, environment: Environment): string | undefined {
  for (const folder of (environment["PATH"] ?? "").split(delimiter).filter((part) => part !== "")) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      if (statSync(join(folder, name)).isFile()) return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

async function answersModels(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/v1/models`, { signal: AbortSignal.timeout(timeoutMs), redirect: "error" });
    const body: unknown = await response.json();
    return response.ok && typeof body === "object" && body !== null && "data" in body && Array.isArray(body.data);
  } catch {
    return false;
  }
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

function findClone(folder: string): string | undefined {
  if (existsSync(join(folder, ".git"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : findClone(parent);
}
