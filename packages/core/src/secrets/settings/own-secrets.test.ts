import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unwrap } from "../../config/secret.ts";
import { createVirtualClock } from "../../testing/virtual-clock.ts";
import { formatCredential, parseCredential } from "../backend/local/credential.ts";
import { createLocalBackend, type LocalBackend } from "../backend/local/local-backend.ts";
import { loadRootKeyring } from "../backend/local/root-keyring.ts";
import type { EnvironmentId } from "../backend/secret-backend.ts";
import { composedEnvironment, groupEnvironment, secretGroups } from "./group-environments.ts";
import { findOwnSecrets } from "./own-secrets.ts";
import { listServerEnvironments } from "./server-environments.ts";
import { environmentsFolder, openSecretStore, secretsFolder } from "./secret-store.ts";

const log = pino({ level: "silent" });
const canary = "canary-5c1e77d0a9b24f63";
const clock = createVirtualClock();
const [ai, data] = secretGroups;

let dataDir = "";
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-own-"))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function makeStore(): Promise<LocalBackend> {
  const folder = secretsFolder(dataDir);
  const backend = createLocalBackend({ folder, keyring: await loadRootKeyring({ folder }), author: "test", clock });
  await put(
    backend,
    { project: "sophia", name: "base" },
    "values: { environmentVariables: { SOPHIA_LOG_LEVEL: warn } }",
  );
  await put(backend, { project: "sophia", name: "stores-development" }, "values: {}");
  for (const group of secretGroups) {
    const text = `imports: [sophia/base, sophia/stores-development]\nvalues:\n  environmentVariables:\n    KEY: { fn::secret: ${canary}-${group.server} }\n    SIZE: 12\n`;
    await put(backend, groupEnvironment(group, "development"), text);
  }
  const imports = secretGroups.map((group) => `sophia/${group.environment}-development`).join(", ");
  await put(backend, composedEnvironment("development"), `imports: [${imports}]`);
  return backend;
}

async function put(backend: LocalBackend, id: EnvironmentId, text: string): Promise<void> {
  await backend.create(id);
  expect(await backend.update(id, text)).toMatchObject({ kept: true });
}

function own(server: string, environment: Record<string, string> = {}) {
  return findOwnSecrets({ environment: { SOPHIA_DATA_DIR: dataDir, ...environment }, author: server, clock, log });
}

describe("a server's own secrets", () => {
  it("are nothing where nobody made a store, and nothing is made by looking", async () => {
    expect(await own("ai")).toBeUndefined();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it("come from its own group, with the bases", async () => {
    await makeStore();
    const opened = await (await own("ai"))?.open();
    expect([...(opened?.values.keys() ?? [])].toSorted()).toEqual(["KEY", "SIZE", "SOPHIA_LOG_LEVEL"]);
    const key = opened?.values.get("KEY");
    expect(key?.isSecret).toBe(true);
    expect(key && unwrap(key.value)).toBe(`${canary}-ai`);
    const size = opened?.values.get("SIZE");
    expect(size?.isSecret).toBe(false);
    expect(size && unwrap(size.value)).toBe("12");
    expect(JSON.stringify(opened)).not.toContain("canary");
  });

  it("never hold the root key, although an environment asks for the file and its folder is allowed", async () => {
    await makeStore();
    const key = join(secretsFolder(dataDir), "key");
    const secrets = await own("ai", { SOPHIA_SECRETS_ALLOW_FOLDERS: tmpdir() });
    const text = `values: { environmentVariables: { KEY: { fn::toJSON: { fn::open::files: { get: { a: "${key}" } } } } } }`;
    const update = secrets?.store.backend.update(groupEnvironment(ai, "development"), text);
    expect(await update).toMatchObject({ kept: true });
    const opening = secrets?.open();
    await expect(opening).rejects.toMatchObject({
      kind: "not_configured",
      hint: expect.stringContaining("may not be"),
    });
  });

  it("open with a credential for that group, which opens no other and not the whole", async () => {
    const backend = await makeStore();
    const root = await loadRootKeyring({ folder: secretsFolder(dataDir) });
    const credential = formatCredential(root, await listServerEnvironments(backend, ai, "development"));
    const limited = createLocalBackend({
      folder: secretsFolder(dataDir),
      keyring: parseCredential(credential),
      author: "ai",
      clock,
    });
    expect((await limited.open(groupEnvironment(ai, "development"))).environment).toBeDefined();
    const denied = expect.objectContaining({ kind: "denied" }) as unknown;
    await expect(limited.open(groupEnvironment(data, "development"))).rejects.toEqual(denied);
    await expect(limited.open(composedEnvironment("development"))).rejects.toEqual(denied);
    await expect(limited.read(groupEnvironment(data, "development"), { decrypt: true })).rejects.toEqual(denied);
    // Borrowing an import does not help either: what it imports is sealed with its own key.
    const thief = { project: "sophia", name: "ai-intelligence-development" };
    await limited.update(thief, "imports: [sophia/data-intelligence-development]\nvalues: {}");
    await expect(limited.open(thief)).rejects.toEqual(denied);
  });

  it("survive the loss of the store by a sealed copy, and that copy ages", async () => {
    await makeStore();
    const first = await own("ai");
    await first?.open();
    await first?.settled();
    const folder = environmentsFolder(dataDir);
    renameSync(folder, `${folder}.away`);
    const [file = ""] = readdirSync(join(secretsFolder(dataDir), "last-good"));
    const path = join(secretsFolder(dataDir), "last-good", file);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "latin1")).not.toContain("canary");

    const again = await own("ai");
    const kept = await again?.open();
    expect(kept?.origin).toBe("copy");
    const key = kept?.values.get("KEY");
    expect(key && unwrap(key.value)).toBe(`${canary}-ai`);
    // Its neighbour never opened anything, and has no copy.
    await expect((await own("data"))?.open()).rejects.toMatchObject({ kind: "unavailable" });
    clock.jumpWall(73 * 3_600_000);
    await expect((await own("ai"))?.open()).rejects.toThrow("copy of sophia/ai-intelligence-development is old");
    await expect((await own("ai", { SOPHIA_SECRETS_MAX_AGE_HOURS: "0" }))?.open()).rejects.toThrow("is old");
    renameSync(`${folder}.away`, folder);
    expect((await (await own("ai"))?.open())?.origin).toBe("store");
  });

  it("name the place of a mistake in the text", async () => {
    const backend = await makeStore();
    await backend.delete({ project: "sophia", name: "base" });
    await expect((await own("ai"))?.open()).rejects.toMatchObject({
      kind: "not_configured",
      hint: expect.stringMatching(/^sophia\/ai-intelligence-development:1:\d+: /) as unknown,
    });
  });

  it("are missed where somebody named a store that has none: a token without rights is told the same", async () => {
    const backend = await makeStore();
    const elsewhere = await findOwnSecrets({
      environment: { SOPHIA_DATA_DIR: dataDir },
      author: "ai",
      clock,
      log,
      openCloud: async () => ({
        backend: { ...backend, kind: "pulumi-cloud" },
        locate: ({ name }) => ({ project: "elsewhere", name }),
      }),
    });
    await expect(elsewhere?.open()).rejects.toMatchObject({ kind: "not_configured" });
  });

  it("are looked for in a store elsewhere when one is named", async () => {
    const backend = await makeStore();
    const store = await openSecretStore({
      environment: { SOPHIA_DATA_DIR: dataDir },
      author: "ai",
      clock,
      log,
      openCloud: async () => ({ backend, locate: ({ name }) => ({ project: "platform", name }) }),
    });
    expect(store?.locate(groupEnvironment(ai, "staging"))).toEqual({
      project: "platform",
      name: "ai-intelligence-staging",
    });
  });
});
