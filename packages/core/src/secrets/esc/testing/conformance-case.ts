import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { AppError } from "../../../errors/app-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { rot128 } from "./rot128.ts";
import { testProviders, testRotators } from "./test-providers.ts";

/** A folder of the conformance data. */
export interface ConformanceCase {
  name: string;
  /** The root environment's. */
  environment: string;
  source: string;
  surroundings: Surroundings;
  showSecrets: boolean;
  rotates: boolean;
  rotatePaths: string[];
  expected: Record<string, unknown>;
}

/** All cases below a folder; none when there is no such folder. */
export function readConformanceCases(folder: string): ConformanceCase[] {
  return listFolders(folder).map((name) => readCase(join(folder, name)));
}

function listFolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

interface Overrides {
  rootEnvironment?: string;
  showSecrets?: boolean;
  rotate?: boolean;
  rotatePaths?: string[];
}

function readCase(folder: string): ConformanceCase {
  const name = basename(folder);
  const overrides = (readJson(join(folder, "overrides.json")) ?? {}) as Overrides;
  return {
    name,
    environment: overrides.rootEnvironment || name,
    source: readFileSync(join(folder, "env.yaml"), "utf8"),
    surroundings: surroundingsOf(folder, name),
    showSecrets: overrides.showSecrets === true,
    rotates: overrides.rotate === true,
    rotatePaths: overrides.rotatePaths ?? [],
    expected: (readJson(join(folder, "expected.json")) ?? {}) as Record<string, unknown>,
  };
}

/** JSON with numbers as `{ number: text }`, so that digits are compared and not doubles. */
function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  return parseExactJson(text);
}

/** JSON → data in which a number is `{ number: text }`. */
export function parseExactJson(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === "number" ? { number: context?.source ?? String(value) } : value;
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

function surroundingsOf(folder: string, name: string): Surroundings {
  return {
    crypter: rot128,
    context: { pulumi: { user: { id: "USER_123" } } },
    findProvider: (provider) => (Object.hasOwn(testProviders, provider) ? testProviders[provider] : undefined),
    findRotator: (rotator) => (Object.hasOwn(testRotators, rotator) ? testRotators[rotator] : undefined),
    async loadEnvironment(environment) {
      try {
        return { source: readFileSync(join(folder, `${environment}.yaml`), "utf8"), crypter: rot128 };
      } catch {
        const file = join("testdata", "eval", name, `${environment}.yaml`);
        throw new AppError("not_found", `open ${file}: no such file or directory`);
      }
    },
  };
}
