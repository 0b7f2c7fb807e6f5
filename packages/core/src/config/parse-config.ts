import { z } from "zod";
import type { Scrubber } from "../observe/scrub.ts";
import { Secret } from "./secret.ts";
import { findUnknownSettings } from "./unknown-settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One mistake in the configuration. No part of it ever quotes the value. */
export interface ConfigProblem {
  variable: string;
  message: string;
}

/** Everything that is wrong with the configuration, at once. The process prints it and exits with `exitCode`. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];
  /** EX_CONFIG of sysexits.h. */
  readonly exitCode = 78;

  /** `notes` are told along: each may be a mistake as well. */
  constructor(problems: readonly ConfigProblem[], notes: readonly string[] = []) {
    const lines = problems.map((problem) => `  ${problem.variable}: ${problem.message}`);
    const count = problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`;
    super([`The configuration has ${count}:`, ...lines, ...notes].join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

const secretSchemas = z.registry<{ secret: true }>();

/** A variable that holds a credential. Its value leaves the parser only inside a {@link Secret}. */
export function secretString(
  options: { minimumLength?: number; accept?: { test(value: string): boolean; message: string } } = {},
) {
  const minimum = options.minimumLength ?? 1;
  return z
    .string()
    .min(minimum, `must have at least ${minimum} characters`)
    .refine((value) => options.accept?.test(value) ?? true, options.accept?.message ?? "is not accepted")
    .transform((value) => new Secret(value))
    .register(secretSchemas, { secret: true });
}

/** Is this field a {@link secretString}, perhaps optional or with a description? */
export function isSecretSchema(schema: z.core.$ZodType): boolean {
  if (secretSchemas.get(schema)) return true;
  const definition: { innerType?: z.core.$ZodType } = schema._zod.def as { innerType?: z.core.$ZodType };
  return definition.innerType !== undefined && isSecretSchema(definition.innerType);
}

type Merged<Schemas extends readonly z.ZodObject[]> = (
  Schemas[number] extends infer Schema
    ? Schema extends z.ZodObject
      ? (value: z.output<Schema>) => void
      : never
    : never
) extends (value: infer Output) => void
  ? Output
  : never;

/**
 * Reads the variables that `schemas` name out of `environment`, once, into one typed object with the same names.
 * An empty variable counts as not set. An unknown `SOPHIA_*` variable that resembles a known one is a mistake; any
 * other may belong to another program of the same environment. Secrets are made known to `scrubber` even when they are
 * refused. Throws {@link ConfigError} with all mistakes.
 */
export function parseConfig<const Schemas extends readonly z.ZodObject[]>(
  schemas: Schemas,
  environment: Environment,
  options: { scrubber?: Scrubber; notes?: readonly string[] } = {},
): Merged<Schemas> {
  const problems: ConfigProblem[] = [];
  const merged: Record<string, unknown> = {};
  const known = new Set(schemas.flatMap((schema) => Object.keys(schema.shape)));
  for (const schema of schemas) {
    registerSecrets(schema, environment, options.scrubber);
    const input: Record<string, string> = {};
    for (const name of Object.keys(schema.shape)) {
      const value = readVariable(environment, name);
      if (value !== undefined) input[name] = value;
    }
    const parsed = schema.safeParse(input);
    if (parsed.success) Object.assign(merged, parsed.data);
    else problems.push(...parsed.error.issues.map((issue) => toProblem(issue, input)));
  }
  problems.push(...findMisspelt(environment, known));
  if (problems.length > 0) throw new ConfigError(unique(problems), options.notes);
  return merged as Merged<Schemas>;
}

function readVariable(environment: Environment, name: string): string | undefined {
  const value = Object.hasOwn(environment, name) ? environment[name]?.trim() : undefined;
  return value === "" ? undefined : value;
}

function registerSecrets(schema: z.ZodObject, environment: Environment, scrubber: Scrubber | undefined): void {
  for (const [name, field] of Object.entries(schema.shape)) {
    const value = readVariable(environment, name);
    if (value !== undefined && isSecretSchema(field)) scrubber?.register(value, name);
  }
}

function toProblem(issue: z.core.$ZodIssue, input: Record<string, string>): ConfigProblem {
  const name = String(issue.path[0] ?? "configuration");
  if (issue.path.length > 0 && !Object.hasOwn(input, name)) return { variable: name, message: "is required" };
  const length = input[name]?.length;
  return {
    variable: name,
    message: length === undefined ? issue.message : `${issue.message} (${length} characters given)`,
  };
}

function findMisspelt(environment: Environment, known: ReadonlySet<string>): ConfigProblem[] {
  return findUnknownSettings(environment, known).flatMap(({ variable, suggestion }) =>
    suggestion === undefined ? [] : [{ variable, message: `is not a setting; did you mean ${suggestion}?` }],
  );
}

function unique(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const byText = new Map(problems.map((problem) => [`${problem.variable}: ${problem.message}`, problem]));
  return [...byText.values()];
}
