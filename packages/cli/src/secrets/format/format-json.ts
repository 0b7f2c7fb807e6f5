import { AppError } from "@sophia/core/errors/app-error";
import { isEscNumber } from "@sophia/core/secrets/esc/value";
import { sortKeys } from "./sort-keys.ts";
import type { JsonData } from "@sophia/core/secrets/esc/text/format-json";

const step = "  ";
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/**
 * JSON, indented by two, keys sorted as the `esc` command has them; a number keeps the digits it was written with.
 * Throws AppError `invalid_input` for one that JSON has no form for, such as `.inf`.
 */
export function formatJson(value: JsonData, indent = ""): string {
  if (isEscNumber(value)) return formatNumber(value.number);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const isMap = value instanceof Map;
  const inner = indent + step;
  const parts = isMap
    ? sortKeys(value as ReadonlyMap<string, JsonData>).map(
        ([key, each]) => `${JSON.stringify(key)}: ${formatJson(each, inner)}`,
      )
    : (value as readonly JsonData[]).map((item) => formatJson(item, inner));
  const [open, close] = isMap ? "{}" : "[]";
  if (parts.length === 0) return `${open}${close}`;
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${indent}${close}`;
}

function formatNumber(text: string): string {
  if (jsonNumber.test(text)) return text;
  throw new AppError("invalid_input", `JSON has no form for the number ${text}.`, {
    hint: "Take --format yaml, or write it as text.",
  });
}
