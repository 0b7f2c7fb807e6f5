import { expect, test } from "vitest";
import { checkSetting } from "./check-setting.ts";
import { looksSecret } from "./looks-secret.ts";

test.each([
  ["SOPHIA_LOG_LEVEL", "loud", /^SOPHIA_LOG_LEVEL must be one of/],
  ["SOPHIA_PORT_AI", "-3", /^SOPHIA_PORT_AI /],
  ["SOPHIA_DATABASE_URL", "mysql://canary:canary@host/db", /must be a URL that begins with postgres/],
])("%s is not set to what no server would start with", (variable, value, says) => {
  expect(() => checkSetting(variable, value)).toThrow(says);
  expect(() => checkSetting(variable, value)).not.toThrow(/canary/);
});

test("a key of another shape is a doubt, not a refusal", () => {
  const openrouter = `sk-or-v1-${"0f".repeat(32)}`;
  expect(checkSetting("OPENROUTER_API_KEY", openrouter)).toBeUndefined();
  expect(checkSetting("HF_TOKEN", openrouter)).toContain("openrouter");
  expect(checkSetting("OPENROUTER_API_KEY", "short")).toContain("does not look like");
  expect(checkSetting("SOPHIA_LOG_LEVEL", "debug")).toBeUndefined();
});

test.each([
  ["db_password", "correct-horse-battery-9", true],
  ["apiKey", "A8f3kQ0zLmN2", true],
  ["anything", `sk-or-v1-${"0f".repeat(32)}`, true],
  ["password", "none", false],
  ["token_kind", "jwt", false],
  ["region", "eu-central-1-and-more-words", false],
])("%s = %s looks secret: %s", (key, value, expected) => {
  expect(looksSecret(key, value)).toBe(expected);
});
