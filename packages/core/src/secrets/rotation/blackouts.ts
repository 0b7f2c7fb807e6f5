import { hash } from "node:crypto";
import { AppError } from "../../errors/app-error.ts";
import { activeKey } from "./rotation-rows.ts";
import type { BlackoutWindow, RotationTarget } from "./rotation-types.ts";

const minuteMs = 60_000;
const dayMinutes = 24 * 60;
/** A week has ten thousand minutes; windows that follow each other without a gap longer than that leave no time at all. */
const longestMs = 8 * dayMinutes * minuteMs;

/** The first moment, from a wall-clock time on, that lies in no window. Throws AppError `invalid_input` when none comes. */
export function endOfBlackout(windows: readonly BlackoutWindow[], at: number): number {
  let time = at;
  for (;;) {
    const waits = windows.map((window) => minutesLeft(window, time));
    const longest = Math.max(0, ...waits);
    if (longest === 0) return time;
    // To the full minute: a window is given in minutes.
    time = Math.floor(time / minuteMs) * minuteMs + longest * minuteMs;
    if (time - at <= longestMs) continue;
    throw new AppError("invalid_input", "The blackout windows leave no time for a rotation.", {
      hint: "Make one of them shorter.",
    });
  }
}

/** Minutes until the window's end; 0 outside of it. */
function minutesLeft(window: BlackoutWindow, at: number): number {
  const [from, to] = [parseTime(window.from), parseTime(window.to)];
  const { day, minute } = localTime(at, window.timezone ?? "UTC");
  const isOn = (weekday: number): boolean => !window.days?.length || window.days.includes(weekday);
  if (from < to) return isOn(day) && minute >= from && minute < to ? to - minute : 0;
  if (isOn(day) && minute >= from) return dayMinutes - minute + to;
  return isOn((day + 6) % 7) && minute < to ? to - minute : 0;
}

function parseTime(text: string): number {
  const [, hours, minutes] = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text) ?? [];
  const time = Number(hours) * 60 + Number(minutes);
  if (Number.isInteger(time) && time <= dayMinutes) return time;
  throw new AppError("invalid_input", "A blackout window goes from HH:MM to HH:MM.", {
    hint: "For example 08:00 to 18:30.",
  });
}

const formats = new Map<string, Intl.DateTimeFormat>();
const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

function localTime(at: number, timeZone: string): { day: number; minute: number } {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  return {
    day: weekdays.indexOf(parts.get("weekday") ?? ""),
    minute: Number(parts.get("hour")) * 60 + Number(parts.get("minute")),
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format) return format;
  try {
    const fields = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    format = new Intl.DateTimeFormat("en-US", { timeZone, ...fields });
  } catch (cause) {
    const hint = "Names are those of the IANA database, for example Europe/Berlin.";
    throw new AppError("invalid_input", "A blackout window has an unknown time zone.", { hint, cause });
  }
  formats.set(timeZone, format);
  return format;
}

/** This secret's own share of the jitter: the same every week, so that two of its rotations are a week apart. */
export function jitterOf(target: RotationTarget, jitterMs: number): number {
  const share = Number.parseInt(hash("sha256", activeKey(target)).slice(0, 12), 16) / 2 ** 48;
  return Math.floor(share * jitterMs);
}
