import { AppError } from "@sophia/core/errors/app-error";
import type { EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import type { PropertyPath } from "@sophia/core/secrets/esc/property-path";
import { isEscNumber } from "@sophia/core/secrets/esc/value";
import { findValue, requireValue, toRootValue } from "../find-value.ts";
import { toDetailed } from "./detailed-value.ts";
import { formatJson } from "./format-json.ts";
import { formatString } from "./format-string.ts";
import { formatVariables } from "./format-variables.ts";
import { formatYaml } from "./format-yaml.ts";
import { sortKeys } from "./sort-keys.ts";
import { toPlainData } from "@sophia/core/secrets/esc/to-json";
import type { JsonData } from "@sophia/core/secrets/esc/text/format-json";

const formats = ["dotenv", "json", "yaml", "detailed", "shell", "string"] as const;
export type ValueFormat = (typeof formats)[number];

/** Throws AppError `invalid_input` for an unknown one, and for one that means the whole environment beside a path. */
export function parseFormat(text: string, path: string | undefined): ValueFormat {
  const format = formats.find((known) => known === text);
  if (format === undefined) {
    throw new AppError("invalid_input", "There is no such format.", { hint: `The formats are ${formats.join(", ")}.` });
  }
  if ((format === "dotenv" || format === "shell") && path !== undefined && path !== "") {
    throw new AppError("invalid_input", `The format ${format} is about all variables, not about one path.`, {
      hint: "Leave the path out, or take --format json, yaml or string.",
    });
  }
  return format;
}

export interface RenderOptions {
  format: ValueFormat;
  path: PropertyPath;
  reveal: boolean;
}

/** What an environment comes to, in one of the formats of the `esc` command. */
export function renderEnvironment(environment: EscEnvironment, options: RenderOptions): string {
  const { format, path, reveal } = options;
  if (format === "dotenv" || format === "shell") return formatVariables(listVariables(environment, reveal), format);
  const value = path.length === 0 ? toRootValue(environment) : requireValue(environment, path);
  if (format === "detailed") return formatJson(toDetailed(value, { reveal }));
  const plain = toPlainData(value, { reveal });
  if (format === "json") return formatJson(plain);
  return format === "yaml" ? formatYaml(plain) : formatString(plain);
}

/** Of the top-level `environmentVariables`: scalars only, as programs get them. */
function listVariables(environment: EscEnvironment, reveal: boolean): [string, string][] {
  const plain = toPlainData(findValue(environment, ["environmentVariables"]) ?? toRootValue(environment), { reveal });
  if (!(plain instanceof Map) || !environment.properties.has("environmentVariables")) return [];
  return sortKeys(plain as ReadonlyMap<string, JsonData>).flatMap(([name, value]): [string, string][] =>
    value === null || typeof value !== "object" || isEscNumber(value) ? [[name, formatString(value)]] : [],
  );
}
