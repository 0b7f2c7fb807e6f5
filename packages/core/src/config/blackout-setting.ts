import { z } from "zod";
import type { BlackoutWindow } from "../secrets/rotation/rotation-types.ts";

const window = /^(?:(?<days>[0-6](?:-[0-6])?) )?(?<from>[\d:]{5})-(?<to>[\d:]{5})(?: (?<timezone>[\w+/-]+))?$/;
const time = /^(?:[01]\d|2[0-4]):[0-5]\d$/;
const example = "1-5 08:00-18:00 Europe/Berlin";

/** Windows between commas: days (0 is Sunday, or a range), from-to, time zone; days and zone may be left out. */
export function blackoutSetting() {
  return z
    .string()
    .transform((text, context): BlackoutWindow[] => {
      const parts = text.split(",").map((part) => part.trim());
      const windows = parts.filter((part) => part !== "").map(parseWindow);
      if (windows.every((each) => each !== undefined)) return windows;
      context.issues.push({ code: "custom", message: `must be like ${example}`, input: text });
      return z.NEVER;
    })
    .default([]);
}

function parseWindow(text: string): BlackoutWindow | undefined {
  const { days, from = "", to = "", timezone } = window.exec(text)?.groups ?? {};
  if (!time.test(from) || !time.test(to) || (timezone !== undefined && !isTimezone(timezone))) return undefined;
  return { from, to, ...(days !== undefined && { days: listDays(days) }), ...(timezone !== undefined && { timezone }) };
}

/** A range may go past the end of the week: 5-1 is Friday to Monday. */
function listDays(text: string): number[] {
  const [first = 0, last = first] = text.split("-").map(Number);
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, index) => (first + index) % 7);
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
