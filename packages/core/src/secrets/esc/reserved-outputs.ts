import { Secret } from "../../config/secret.ts";
import type { EscEnvironment } from "./evaluation.ts";
import { isEscNumber } from "./value.ts";
import type { EscValue } from "./value.ts";

/** A variable or file that an environment defines. */
export interface ReservedOutput {
  name: string;
  value: Secret;
  secret: boolean;
}

/** What stands under `environmentVariables`: scalars, as text. Lists, objects and what is unknown are left out. */
export function readEnvironmentVariables(environment: EscEnvironment): ReservedOutput[] {
  return readScalars(environment, "environmentVariables");
}

/** What stands under `files`: the content of each by the name of the variable that is to hold its path. */
export function readFiles(environment: EscEnvironment): ReservedOutput[] {
  return readScalars(environment, "files");
}

function readScalars(environment: EscEnvironment, name: string): ReservedOutput[] {
  const { properties, secret } = objectAt(environment, name);
  const outputs: ReservedOutput[] = [];
  for (const [key, value] of properties) {
    const text = scalarText(value);
    if (text === undefined) continue;
    outputs.push({ name: key, value: new Secret(text), secret: secret || value.secret === true });
  }
  return outputs;
}

/** The parts of a secret object are secret, whether they say so or not. */
function objectAt(
  environment: EscEnvironment,
  name: string,
): { properties: ReadonlyMap<string, EscValue>; secret: boolean } {
  const value = environment.properties.get(name);
  if (!(value?.value instanceof Map) || value.unknown) return { properties: new Map(), secret: false };
  return { properties: value.value as ReadonlyMap<string, EscValue>, secret: value.secret === true };
}

function scalarText({ value, unknown }: EscValue): string | undefined {
  if (unknown) return undefined;
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  return isEscNumber(value) ? value.number : undefined;
}
