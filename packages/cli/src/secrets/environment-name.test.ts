import { expect, test } from "vitest";
import { formatEnvironmentName, parseEnvironmentName, parseRelativeName, requireNewest } from "./environment-name.ts";

test.each([
  ["base", "sophia/base"],
  ["team/app", "team/app"],
  ["base@3", "sophia/base@3"],
  ["team/app@stable", "team/app@stable"],
  ["team/app@before-rotation-1", "team/app@before-rotation-1"],
])("%s is %s", (text, name) => {
  expect(formatEnvironmentName(parseEnvironmentName(text, "sophia"))).toBe(name);
});

test.each(["", "a/b/c", "team/", "../x", "base@", "base@0", "base@1x", "base@a b", "base@1@2"])(
  "%j is refused",
  (text) => {
    expect(() => parseEnvironmentName(text, "sophia")).toThrow(/environment|revision/);
  },
);

test("@revision alone means the environment it is compared with", () => {
  const base = parseEnvironmentName("team/app@1", "sophia");
  expect(formatEnvironmentName(parseRelativeName("@2", base, "sophia"))).toBe("team/app@2");
  expect(formatEnvironmentName(parseRelativeName("base", base, "sophia"))).toBe("sophia/base");
  expect(() => requireNewest(base)).toThrow(/newest/);
});
