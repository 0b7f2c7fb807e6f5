import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../../errors/app-error.ts";
import { systemClock } from "../../../limits/clock.ts";
import { alwaysSchema } from "../../esc/schema/schema.ts";
import type { OpenProvider } from "../../esc/surroundings.ts";
import { createKeyring } from "./keyring.ts";
import { createLocalBackend, type LocalBackend } from "./local-backend.ts";

const id = { project: "shop", name: "main" };
const other = { project: "shop", name: "other" };
const canary = "canary-of-the-rules";

let folder = "";
let backend: LocalBackend;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sophia-secrets-"));
  const keyring = createKeyring(Buffer.alloc(32, 7));
  backend = createLocalBackend({ folder, keyring, author: "ada", clock: systemClock });
  await backend.create(id);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("environments in files", () => {
  it("lets only this user look at anything", async () => {
    await backend.update(id, "values: {}");
    await backend.setTag(id, "team", "shop");
    await backend.tagRevision(id, "good", 1);
    await backend.create(other);
    await backend.delete(other);
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    expect(entries.length).toBeGreaterThan(12);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      expect((statSync(path).mode & 0o777).toString(8), path).toBe(entry.isFile() ? "600" : "700");
    }
  });

  it("tells a provider that is away from one that refuses", async () => {
    const findProvider = (name: string): OpenProvider => ({
      schema: () => ({ inputs: alwaysSchema, outputs: alwaysSchema }),
      open: () => Promise.reject(new AppError(name === "away" ? "timeout" : "denied", `it is ${name}`)),
    });
    const keyring = createKeyring(Buffer.alloc(32, 7));
    const asking = createLocalBackend({
      folder,
      keyring,
      author: "ada",
      clock: systemClock,
      providers: { findProvider },
    });
    await expect(asking.openYaml("values: { a: { fn::open::away: {} } }")).rejects.toMatchObject({ kind: "timeout" });
    const { diagnostics } = await asking.openYaml("values: { a: { fn::open::unwilling: {} } }");
    expect(JSON.stringify(diagnostics)).toContain("it is unwilling");
  });

  it("brings back what was deleted, and forgets it after 30 days", async () => {
    await backend.update(id, `values: { key: { fn::secret: ${canary} } }`);
    await backend.setTag(id, "team", "shop");
    await backend.delete(id);
    expect(await backend.listDeleted()).toMatchObject([id]);
    expect(await backend.restore(id)).toMatchObject({ ...id, revision: 2, tags: { team: "shop" } });
    expect((await backend.read(id, { decrypt: true })).yaml).toContain(canary);
    await backend.delete(id);
    await backend.create(id);
    await expect(backend.restore(id)).rejects.toMatchObject({ kind: "invalid_input" });
    await backend.delete(id);
    const later = createLocalBackend({
      folder,
      keyring: createKeyring(Buffer.alloc(32, 7)),
      author: "ada",
      clock: { ...systemClock, now: () => Date.now() + 31 * 24 * 3_600_000 },
    });
    await later.create(other);
    await later.delete(other);
    expect(await later.listDeleted()).toMatchObject([other]);
  });

  it("refuses what is too large or too much, before anything is written", async () => {
    const small = createLocalBackend({
      folder,
      keyring: createKeyring(Buffer.alloc(32, 7)),
      author: "ada",
      clock: systemClock,
      limits: { sourceBytes: 200, revisions: 3, environments: 2, tags: 1 },
    });
    await expect(small.update(id, `values: { a: "${"x".repeat(300)}" }`)).rejects.toMatchObject({
      kind: "invalid_input",
    });
    await small.update(id, "values: { a: 1 }");
    await small.update(id, "values: { a: 2 }");
    await expect(small.update(id, "values: { a: 3 }")).rejects.toMatchObject({ kind: "invalid_input" });
    await small.create(other);
    await expect(small.create({ project: "a", name: "b" })).rejects.toMatchObject({ kind: "invalid_input" });
    await small.setTag(id, "one", "1");
    await expect(small.setTag(id, "two", "2")).rejects.toMatchObject({ kind: "invalid_input" });
    expect((await backend.get(id)).revision).toBe(3);
  });
});
