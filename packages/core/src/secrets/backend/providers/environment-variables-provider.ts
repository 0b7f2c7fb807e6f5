import { AppError } from "../../../errors/app-error.ts";
import { fromPlainData } from "../../esc/from-plain.ts";
import type { OpenProvider } from "../../esc/surroundings.ts";
import { mapOf, objectOf, secretText, text } from "./provider-schemas.ts";
import { readEntries } from "./read-inputs.ts";

/**
 * `fn::open::environment-variables: { get: { name: VARIABLE } }`: variables of this process. An environment may come
 * from somebody else, and a process holds more than it should see, so only variables that the operator named are read.
 *
 * @param options.allowed names, or beginnings of names with `*` behind.
 */
export function createEnvironmentVariablesProvider(options: {
  environment: Readonly<Record<string, string | undefined>>;
  allowed: readonly string[];
}): OpenProvider {
  const { environment, allowed } = options;

  function read(name: string, variable: unknown): string {
    if (typeof variable !== "string" || !/^[A-Za-z_]\w*$/.test(variable)) {
      throw new AppError("invalid_input", `get.${name} names no environment variable.`, { hint: "Write its name." });
    }
    if (!allowed.some((pattern) => matches(pattern, variable))) throw notAllowed(variable);
    const value = environment[variable];
    if (value !== undefined) return value;
    throw new AppError("not_found", `The environment variable ${variable} is not set.`, {
      hint: "Set it where the process that opens this environment is started.",
    });
  }

  return {
    schema: () => ({ inputs: objectOf({ get: mapOf(text) }), outputs: mapOf(secretText) }),
    open(inputs) {
      const values = new Map(readEntries(inputs, "get").map(([name, { value }]) => [name, read(name, value)]));
      return Promise.resolve(fromPlainData(values, { secret: true }));
    },
  };
}

function matches(pattern: string, variable: string): boolean {
  return pattern.endsWith("*") ? variable.startsWith(pattern.slice(0, -1)) : variable === pattern;
}

function notAllowed(variable: string): AppError {
  return new AppError("denied", `Environments may not read the environment variable ${variable} here.`, {
    hint: "Whoever runs Sophia can name it in SOPHIA_SECRETS_ALLOW_VARIABLES.",
  });
}
