import { AppError } from "@sophia/core/errors/app-error";
import { expect, test } from "vitest";
import { z } from "zod";
import { parseMoment, readPage, toPage } from "./list-page.ts";

test("a page leads on in its own question only", () => {
  const page = toPage(20, "cats");
  expect(readPage(page, "cats", z.number())).toBe(20);
  expect(readPage(undefined, "cats", z.number())).toBeUndefined();
  for (const wrong of [toPage(20, "dogs"), "%%%", toPage("20", "cats"), ""]) {
    expect(() => readPage(wrong, "cats", z.number())).toThrow(AppError);
  }
});

test("days and moments", () => {
  expect(parseMoment("2026-11-22", "since")).toBe(Date.UTC(2026, 10, 22));
  expect(parseMoment("2026-11-22", "until")).toBe(Date.UTC(2026, 10, 23) - 1);
  expect(parseMoment("2026-11-22T10:00", "since")).toBe(Date.UTC(2026, 10, 22, 10));
  expect(parseMoment("2026-11-22T10:00:00+02:00", "since")).toBe(Date.UTC(2026, 10, 22, 8));
  expect(() => parseMoment("last week", "since")).toThrow(AppError);
});
