import { expect, test } from "vitest";
import { z } from "zod";
import { inputError } from "./tool-error.ts";

const schema = z.strictObject({
  limit: z.int().min(1).max(1_000).optional(),
  share: z.number().gt(0).lt(1).optional(),
  query: z.string().min(1).max(20).optional(),
  urls: z.array(z.string()).min(2).max(3).optional(),
});

test("a field that is missing is not called wrong", () => {
  const issues = z.object({ query: z.string() }).safeParse({}).error?.issues ?? [];
  expect(inputError(issues).message).toBe("The arguments do not fit: query: is missing (string).");
});

test.each([
  [{ limit: 1_001 }, "limit: must be at most 1000"],
  [{ limit: 0 }, "limit: must be at least 1"],
  [{ share: 1 }, "share: must be less than 1"],
  [{ share: 0 }, "share: must be more than 0"],
  [{ query: "" }, "query: must have at least 1 character"],
  [{ query: "x".repeat(21) }, "query: must have at most 20 characters"],
  [{ urls: ["a"] }, "urls: must have at least 2 items"],
  [{ urls: ["a", "b", "c", "d"] }, "urls: must have at most 3 items"],
])("says what a limit measures: %j", (value, message) => {
  const issues = schema.safeParse(value).error?.issues ?? [];
  expect(inputError(issues).message).toBe(`The arguments do not fit: ${message}.`);
});
