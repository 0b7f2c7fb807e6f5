import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { defaultCommandPrefix, formatCommand, formatConnectCommand, setCommandPrefix } from "./command-line.ts";

afterEach(() => setCommandPrefix(defaultCommandPrefix));

test("a command is named as npm runs it in this repository", () => {
  expect(formatCommand("approve pl_1")).toBe("npm run sophia -- approve pl_1");
  const manifest = new URL("../../../../package.json", import.meta.url);
  expect(JSON.parse(readFileSync(manifest, "utf8"))).toHaveProperty("scripts.sophia");
});

test("elsewhere it is named as SOPHIA_COMMAND says", () => {
  setCommandPrefix("docker compose run --rm ai");
  expect(formatCommand("plans")).toBe("docker compose run --rm ai plans");
  // A container knows nothing of the Cursor beside it.
  expect(formatConnectCommand()).toBe("SOPHIA_TOKEN=… npm run sophia -- connect cursor");
});
