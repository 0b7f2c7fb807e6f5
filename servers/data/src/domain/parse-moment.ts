import { AppError } from "@sophia/core/errors/app-error";

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
