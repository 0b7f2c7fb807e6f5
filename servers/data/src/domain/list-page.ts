import { createHash } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import { z } from "zod";

/** Where a list goes on, bound to the question it belongs to. */
export function toPage(position: unknown, scope: string): string {
  return Buffer.from(JSON.stringify([position, digest(scope)])).toString("base64url");
}

/** @throws AppError invalid_input when the text is not a page of this very question */
export function readPage<Position>(
  page: string | undefined,
  scope: string,
  schema: z.ZodType<Position>,
): Position | undefined {
  if (page === undefined) return undefined;
  const parsed = z
    .tuple([schema, z.literal(digest(scope))])
    .safeParse(parseJson(Buffer.from(page, "base64url").toString()));
  if (parsed.success) return parsed.data[0];
  throw new AppError("invalid_input", "This page does not belong to this question.", {
    hint: "Give nextPage of the answer before, with the same query and filters.",
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function digest(scope: string): string {
  return createHash("sha256").update(scope).digest("base64url").slice(0, 12);
}

/** ISO 8601 → milliseconds. A day given as the end of a range includes that day. */
export function parseMoment(value: string | undefined, name: "since" | "until"): number | undefined {
  if (value === undefined) return undefined;
  const isDay = /^\d{4}-\d\d-\d\d$/.test(value);
  const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?$/.test(value);
  const time =
    isDay || isMoment ? Date.parse(/(?:Z|[+-]\d\d:\d\d)$|^\d{4}-\d\d-\d\d$/.test(value) ? value : `${value}Z`) : NaN;
  if (Number.isNaN(time)) {
    throw new AppError("invalid_input", `"${name}" is not a date.`, {
      hint: "Write it as 2026-11-22 or 2026-11-22T10:00:00Z.",
    });
  }
  return isDay && name === "until" ? time + 86_400_000 - 1 : time;
}
