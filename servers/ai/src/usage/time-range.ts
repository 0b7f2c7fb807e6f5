import { AppError } from "@sophia/core/errors/app-error";
import { dayMs, hourMs } from "./roll-up.ts";

/** Whole hours of UTC, wall-clock milliseconds, `until` exclusive. */
export interface TimeRange {
  since: number;
  until: number;
}

const longestDays = 3 * 366;
const dayText = /^\d{4}-\d{2}-\d{2}$/;

/**
 * A day stands for all of it, a moment for the hour it lies in; left out, the last thirty days with today.
 * Throws AppError `invalid_input` for what is no time, or no stretch of one.
 */
export function parseTimeRange(
  text: { since?: string | undefined; until?: string | undefined },
  now: number,
): TimeRange {
  const until = text.until === undefined ? endOfHour(now) : endOf(text.until);
  const since = text.since === undefined ? startOfDay(until - 1) - 29 * dayMs : startOf(text.since);
  if (since >= until) {
    throw new AppError("invalid_input", "The time range ends before it begins.", {
      hint: "until must be later than since; an until that is a day is included.",
    });
  }
  if (until - since > longestDays * dayMs) {
    throw new AppError("invalid_input", "A report covers three years at most.", {
      hint: "Ask for the years one by one.",
    });
  }
  return { since, until };
}

export function startOfDay(time: number): number {
  return Math.floor(time / dayMs) * dayMs;
}

function endOfHour(time: number): number {
  return Math.floor(time / hourMs) * hourMs + hourMs;
}

function startOf(text: string): number {
  return Math.floor(parseTime(text) / hourMs) * hourMs;
}

function endOf(text: string): number {
  const time = parseTime(text);
  return dayText.test(text) ? time + dayMs : Math.ceil(time / hourMs) * hourMs;
}

function parseTime(text: string): number {
  const time = Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw new AppError("invalid_input", "since and until are days or moments of ISO 8601.", {
    hint: "Examples: 2026-11-01, 2026-11-01T08:00:00Z.",
  });
}
