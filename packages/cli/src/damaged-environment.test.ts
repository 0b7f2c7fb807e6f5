import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@sophia/core/limits/clock";
import { parseCredential } from "@sophia/core/secrets/backend/local/credential";
import { createLocalBackend } from "@sophia/core/secrets/backend/local/local-backend";
import { loadRootKeyring } from "@sophia/core/secrets/backend/local/root-keyring";
import { composedEnvironment, groupEnvironment, secretGroups } from "@sophia/core/secrets/settings/group-environments";
import { environmentsFolder, secretsFolder } from "@sophia/core/secrets/settings/secret-store";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CommandContext } from "./commands/command-context.ts";
import { loadConfig } from "./load-config.ts";
import { makeServerCredentials } from "./server-credentials.ts";
import { readStoredEnvironment } from "./stored-environment.ts";

let dataDir = "";
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-damaged-"))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const [ai, data] = secretGroups;

/** All groups and what composes them; the definition of the Data server's is damaged. */
async function makeDamagedStore(): Promise<void> {
  const folder = secretsFolder(dataDir);
  const backend = createLocalBackend({
    folder,
    keyring: await loadRootKeyring({ folder }),
    author: "test",
    clock: systemClock,
  });
  const groups = secretGroups.map((group) => groupEnvironment(group, "development"));
  for (const id of groups) {
    await backend.create(id);
    await backend.update(id, "values: { environmentVariables: { HF_TOKEN: of-a-group } }");
  }
  const composed = composedEnvironment("development");
  await backend.create(composed);
  await backend.update(composed, `imports: [${groups.map(({ project, name }) => `${project}/${name}`).join(", ")}]`);
  const { project, name } = groupEnvironment(data, "development");
  appendFileSync(join(environmentsFolder(dataDir), project, name, "revisions", "000002.yaml"), "# damage\n");
}

test("one damaged environment takes the secrets of its own server and of no other", async () => {
  await makeDamagedStore();
  const environment = { SOPHIA_DATA_DIR: dataDir };
  const context = { environment, config: loadConfig(environment), log: pino({ level: "silent" }) };
  const credentials = await makeServerCredentials(context as unknown as CommandContext, ["ai", "data"]);
  for (const group of [ai, data]) {
    const keyring = parseCredential(credentials.get(group.server) ?? "");
    expect(keyring.has(groupEnvironment(group, "development"))).toBe(true);
    expect(keyring.has(composedEnvironment("development"))).toBe(false);
  }
  const { stored, warnings } = await readStoredEnvironment(environment);
  expect(stored).toEqual(["HF_TOKEN"]);
  expect(warnings).toEqual([expect.stringContaining("data-intelligence-development")]);
});
