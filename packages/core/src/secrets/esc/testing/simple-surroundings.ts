import { AppError } from "../../../errors/app-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { rot128 } from "./rot128.ts";
import { testProviders, testRotators } from "./test-providers.ts";

/** Surroundings over texts in memory, with the providers and rotators of the conformance cases. */
export function simpleSurroundings(environments: Readonly<Record<string, string>> = {}): Surroundings {
  return {
    crypter: rot128,
    context: { pulumi: { user: { id: "USER_123" } } },
    findProvider: (name) => (Object.hasOwn(testProviders, name) ? testProviders[name] : undefined),
    findRotator: (name) => (Object.hasOwn(testRotators, name) ? testRotators[name] : undefined),
    async loadEnvironment(name) {
      const source = Object.hasOwn(environments, name) ? environments[name] : undefined;
      if (source === undefined) throw new AppError("not_found", `There is no environment ${name}.`);
      return { source, crypter: rot128 };
    },
  };
}
