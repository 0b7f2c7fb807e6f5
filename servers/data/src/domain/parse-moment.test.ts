import { AppError } from "@sophia/core/errors/app-error";
import { expect, test } from "vitest";
import { parseMoment } from "./parse-moment.ts";

test("days and moments", () => {
  expect(parseMoment("2026-11-22", "since")).toBe(Date.UTC(2026, 10, 22));
  expect(parseMoment("2026-11-22", "until")).toBe(Date.UTC(2026, 10, 23) - 1);
  expect(parseMoment("2026-11-22T10:00", "since")).toBe(Date.UTC(2026, 10, 22, 10));
  expect(parseMoment("2026-11-22T10:00:00+02:00", "since")).toBe(Date.UTC(2026, 10, 22, 8));
  expect(() => parseMoment("last week", "since")).toThrow(AppError);
});
