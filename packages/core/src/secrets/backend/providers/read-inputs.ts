import { AppError } from "../../../errors/app-error.ts";
import type { EscInputs } from "../../esc/surroundings.ts";
import type { EscValue } from "../../esc/value.ts";

/** More than one environment has any use for, and few enough that none keeps a machine busy. */
const mostEntries = 100;

/** Text under a name; the evaluator has checked the inputs against the schema before. */
export function readText(inputs: EscInputs, name: string): string | undefined {
  const value = inputs.get(name)?.value;
  return typeof value === "string" ? value : undefined;
}

export function requireText(inputs: EscInputs, name: string): string {
  const value = readText(inputs, name);
  if (value === undefined || value === "" || value.includes("\0")) {
    throw new AppError("invalid_input", `The provider needs text under ${name}.`, {
      hint: "Look at the provider's page.",
    });
  }
  return value;
}

export function readMap(inputs: EscInputs, name: string): EscInputs {
  const value = inputs.get(name)?.value;
  return value instanceof Map ? (value as ReadonlyMap<string, EscValue>) : new Map();
}

/** The entries under a name: what the author calls each, and what it asks for. */
export function readEntries(inputs: EscInputs, name: string): [string, EscValue][] {
  const entries = [...readMap(inputs, name)];
  if (entries.length <= mostEntries) return entries;
  throw new AppError("invalid_input", `A provider reads ${mostEntries} values at once; ${name} has more.`, {
    hint: "Split them over several calls of the provider.",
  });
}

export function toInputs(value: EscValue): EscInputs {
  return value.value instanceof Map ? (value.value as ReadonlyMap<string, EscValue>) : new Map();
}
