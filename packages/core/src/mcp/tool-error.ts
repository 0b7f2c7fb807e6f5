import type { z } from "zod";
import { AppError } from "../errors/app-error.ts";

/** The text of a failed call: what happened, what to do, and the same as data for programs. */
export function errorText(error: AppError, requestId: string): string {
  const prose = error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  return `${prose}\n${JSON.stringify(errorData(error, requestId))}`;
}

export function errorData(error: AppError, requestId: string): Record<string, unknown> {
  return {
    code: error.kind,
    message: error.message,
    hint: error.hint,
    service: error.service,
    retryable: error.retryable,
    retryAfterMs: error.retryAfterMs,
    requestId,
  };
}

/** Schema issues → one error that names every field and never echoes a value: it may be a key pasted in the wrong place. */
export function inputError(issues: readonly z.core.$ZodIssue[]): AppError {
  const lines = issues.slice(0, 8).map((issue) => {
    const path = issue.path.map(String).join(".") || "arguments";
    return `${path}: ${describeIssue(issue)}`;
  });
  return new AppError("invalid_input", `The arguments do not fit: ${lines.join("; ")}.`, {
    hint: "Correct the named fields and call again.",
  });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return `unknown field${issue.keys.length > 1 ? "s" : ""} ${issue.keys.slice(0, 5).map(printableKey).join(", ")}`;
    case "invalid_type":
      return issue.message.endsWith("received undefined")
        ? `is missing (${issue.expected})`
        : `must be ${issue.expected}`;
    case "invalid_value":
      return `must be one of ${issue.values.slice(0, 12).map(String).join(", ")}`;
    case "too_small":
      return describeLimit(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
    case "too_big":
      return describeLimit(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
    case "custom":
      return issue.message;
    default:
      return `is not a valid ${"format" in issue ? String(issue.format) : "value"}`;
  }
}

/** `origin` is what was measured: a number's value, or how long a text or list is. */
function describeLimit(origin: string, comparison: string, limit: number | bigint): string {
  const units: Record<string, [one: string, many: string]> = {
    string: ["character", "characters"],
    array: ["item", "items"],
    set: ["item", "items"],
    map: ["entry", "entries"],
    record: ["entry", "entries"],
    object: ["field", "fields"],
  };
  const unit = units[origin];
  return unit === undefined
    ? `must be ${comparison} ${limit}`
    : `must have ${comparison} ${limit} ${Number(limit) === 1 ? unit[0] : unit[1]}`;
}

function printableKey(key: string): string {
  return key.slice(0, 40).replaceAll(/[^\w.$-]/g, "?");
}

/** Refuses what no store can hold: NUL (PostgreSQL 22021; C parsers stop there) and lone surrogates (mangled to U+FFFD). */
export function refuseUnstorableText(value: unknown, depth = 0): void {
  if (typeof value === "string") {
    if (!value.includes("\u0000") && value.isWellFormed()) return;
    throw new AppError("invalid_input", "The arguments hold a NUL character or half a surrogate pair.", {
      hint: "Remove it and call again.",
    });
  }
  if (typeof value !== "object" || value === null || depth > 64) return;
  for (const [key, entry] of Object.entries(value)) {
    refuseUnstorableText(key);
    refuseUnstorableText(entry, depth + 1);
  }
}
