import { ConfigError, parseConfig } from "@sophia/core/config/parse-config";
import { PlatformSettings } from "@sophia/core/config/platform-config";
import { expect, test } from "vitest";
import { listSettingsSections } from "./generate/settings-sections.ts";
import { buildServerEnvironment, loadConfig } from "./load-config.ts";
import { serverSettings } from "./server-settings.ts";

function messageFor(environment: Record<string, string>): string {
  try {
    return loadConfig(environment).warnings.join("\n");
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
    throw thrown;
  }
}

test("a key under a misspelt name is told, and stops nothing", () => {
  const environment = {
    OPENROUTER_API_KEYS: "canary-9f31",
    GH_TOKEN: "canary-9f31",
    GITHUB_REPOSITORY_ID: "1",
    HOME: "/",
  };
  expect(messageFor(environment)).toBe("OPENROUTER_API_KEYS is ignored; did you mean OPENROUTER_API_KEY?");
  expect(messageFor({ ...environment, OPENROUTER_API_KEY: "x" })).toBe("");
});

test("a name like none of ours is told, unless docker compose reads it", () => {
  expect(messageFor({ SOPHIA_FOO: "canary-9f31", SOPHIA_IMAGE: "sophia:1", SOPHIA_BASE_IMAGE: "node:24" })).toBe(
    "SOPHIA_FOO is not a setting of Sophia and is ignored: .env.example lists them all.",
  );
});

test("every mistake and every doubt stands in one message, without values", () => {
  const message = messageFor({
    SOPHIA_AI_PORT: "canary-9f31",
    SOPHIA_READONLY: "canary-9f31",
    SOPHIA_BI_MAX_ROW: "canary-9f31",
    SOPHIA_BI_SPILL_MB: "canary-9f31",
    SOPHIA_FOO: "canary-9f31",
    APIFY_TOKNE: "canary-9f31",
  });
  expect(message.split("\n")).toEqual([
    "The configuration has 4 mistakes:",
    "  SOPHIA_BI_SPILL_MB: must be a whole number from 0 to 1048576 (11 characters given)",
    "  SOPHIA_AI_PORT: is not a setting; did you mean SOPHIA_PORT_AI?",
    "  SOPHIA_READONLY: is not a setting; did you mean SOPHIA_READ_ONLY?",
    "  SOPHIA_BI_MAX_ROW: is not a setting; did you mean SOPHIA_BI_MAX_ROWS?",
    "SOPHIA_FOO is not a setting of Sophia and is ignored: .env.example lists them all.",
    "APIFY_TOKNE is ignored; did you mean APIFY_TOKEN?",
  ]);
});

// A server by itself knows its own settings only: those of the others must not look misspelt to it.
test.for(serverSettings)("no other setting passes for a misspelt one of $title", ({ settings }) => {
  const own = new Set([...Object.keys(PlatformSettings.shape), ...Object.keys(settings.shape)]);
  const names = listSettingsSections().flatMap((section) => Object.keys(section.settings.shape));
  const others = names.filter((name) => !own.has(name));
  expect(others.length).toBeGreaterThan(20);
  const environment = Object.fromEntries(others.map((name) => [name, "1"]));
  expect(() => parseConfig([PlatformSettings, settings], environment)).not.toThrow();
});

test("a server gets the access token that is meant for it, and sees none of the others", () => {
  const environment = { PULUMI_ACCESS_TOKEN: "of-all", PULUMI_ACCESS_TOKEN_AI: "of-ai", PULUMI_ACCESS_TOKEN_BI: " " };
  expect(buildServerEnvironment(environment, "ai")).toEqual({ PULUMI_ACCESS_TOKEN: "of-ai" });
  expect(buildServerEnvironment(environment, "bi")).toEqual({ PULUMI_ACCESS_TOKEN: "of-all" });
});
