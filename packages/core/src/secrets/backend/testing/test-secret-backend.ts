import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isConflict } from "../conflict.ts";
import type { EscEnvironment } from "../../esc/evaluation.ts";
import { toPlainJson } from "../../esc/to-json.ts";
import type { EnvironmentId, SecretBackend, UpdateResult } from "../secret-backend.ts";

export interface TestedBackend {
  backend: SecretBackend;
  close(): Promise<void>;
}

const canary = "canary-7Qw9-of-the-contract";
const main: EnvironmentId = { project: "shop", name: "main" };
const base: EnvironmentId = { project: "shop", name: "base" };

/** What every store of environments does alike. Runs against a store that is empty. */
export function testSecretBackend(name: string, start: () => Promise<TestedBackend>): void {
  describe(`the store of environments: ${name}`, () => {
    let tested: TestedBackend;
    let backend: SecretBackend;
    beforeAll(async () => {
      tested = await start();
      backend = tested.backend;
    });
    afterAll(() => tested.close());

    it("makes an environment with an empty first revision, and no second of the same name", async () => {
      const made = await backend.create(main);
      expect(made).toMatchObject({ ...main, revision: 1, tags: {} });
      expect(made.createdAt).toBeGreaterThan(0);
      expect(await backend.read(main)).toMatchObject({ yaml: "", revision: 1 });
      expect(await backend.open(main)).toMatchObject({ revision: 1, diagnostics: [] });
      await expect(backend.create(main)).rejects.toSatisfy(isConflict);
    });

    it("seals what it keeps, and gives it back in the clear when asked", async () => {
      const text = `# keys\nvalues:\n  apiKey:\n    fn::secret: ${canary} # mine\n  plain: 9007199254740993\n`;
      const result = kept(await backend.update(main, text));
      expect(result.revision).toBe(2);
      const stored = await backend.read(main);
      expect(stored).toMatchObject({ revision: 2, etag: result.etag });
      expect(stored.yaml).not.toContain(canary);
      expect(stored.yaml).toContain("ciphertext:");
      expect(stored.yaml).toContain("# keys");
      const clear = await backend.read(main, { decrypt: true });
      expect(clear.yaml).toContain(`fn::secret: ${canary}`);
      expect((await backend.read(main, { revision: 2, decrypt: true })).yaml).toBe(clear.yaml);
    });

    it("opens values with their flags, and digit for digit", async () => {
      const { environment, diagnostics, revision } = await backend.open(main);
      expect({ diagnostics, revision }).toEqual({ diagnostics: [], revision: 2 });
      expect(reveal(environment)).toBe(`{"apiKey":"${canary}","plain":9007199254740993}`);
      expect(environment?.properties.get("apiKey")).toMatchObject({
        secret: true,
        trace: { def: { begin: { line: 4 } } },
      });
      expect(environment?.properties.get("plain")?.secret).toBeUndefined();
    });

    it("keeps an object whose keys are named value, secret and __proto__", async () => {
      const text = 'values:\n  odd: { value: { value: v }, secret: 1, other: y, "__proto__": p }\n';
      const { environment } = await backend.openYaml(text);
      expect(reveal(environment)).toBe('{"odd":{"__proto__":"p","other":"y","secret":1,"value":{"value":"v"}}}');
    });

    it("refuses an update on top of a revision that is not the newest", async () => {
      const { etag } = await backend.read(main);
      kept(await backend.update(main, "values: { a: 1 }", { etag }));
      await expect(backend.update(main, "values: { a: 2 }", { etag })).rejects.toSatisfy(isConflict);
      expect((await backend.read(main)).yaml).toContain("a: 1");
      kept(await backend.update(main, "values: { a: 3 }"));
    });

    it("does not keep a text with errors, and says where they are", async () => {
      const before = await backend.read(main);
      const result = await backend.update(main, "values:\n  a: ${nothing.here}\n");
      expect(result).toMatchObject({
        kept: false,
        diagnostics: [{ severity: "error", range: { begin: { line: 2 } } }],
      });
      expect(await backend.read(main)).toEqual(before);
    });

    it("imports by name, revision and tag, and notices a change of what it imports", async () => {
      await backend.create(base);
      kept(await backend.update(base, "values: { shared: { fn::secret: one } }"));
      kept(await backend.update(main, "imports: [shop/base]\nvalues: { own: 1 }"));
      const before = await backend.open(main);
      expect(reveal(before.environment)).toBe('{"own":1,"shared":"one"}');
      expect(before.environment?.properties.get("shared")?.secret).toBe(true);
      expect(await backend.version(main)).toBe(before.version);
      kept(await backend.update(base, "values: { shared: { fn::secret: two } }"));
      expect(await backend.version(main)).not.toBe(before.version);
      const after = await backend.open(main);
      expect(reveal(after.environment)).toBe('{"own":1,"shared":"two"}');
      expect(await backend.version(main)).toBe(after.version);
      await backend.tagRevision(base, "stable", 2);
      kept(await backend.update(main, "imports: [shop/base@stable]"));
      expect(reveal((await backend.open(main)).environment)).toBe('{"shared":"one"}');
      kept(await backend.update(main, "imports: [shop/base@3]"));
      const pinned = await backend.open(main);
      expect(reveal(pinned.environment)).toBe('{"shared":"two"}');
      kept(await backend.update(base, "values: { shared: { fn::secret: three } }"));
      expect(await backend.version(main)).toBe(pinned.version);
    });

    it("says of an import that is not there where it is named", async () => {
      const { environment, diagnostics } = await backend.check({ yaml: "imports:\n  - shop/nowhere\n" });
      expect(environment).toBeUndefined();
      expect(diagnostics).toMatchObject([{ severity: "error", range: { begin: { line: 2 } } }]);
    });

    it("checks without opening: secrets stay unknown", async () => {
      const { environment, diagnostics } = await backend.check(base);
      expect(diagnostics).toEqual([]);
      expect(environment?.properties.get("shared")).toMatchObject({ secret: true });
      expect(reveal(environment)).not.toContain("three");
    });

    it("lists revisions newest first, with tags and pages", async () => {
      const revisions = await backend.revisions(base);
      expect(revisions.map(({ revision }) => revision)).toEqual([4, 3, 2, 1]);
      expect(revisions.map(({ tags }) => tags)).toEqual([["latest"], [], ["stable"], []]);
      expect((await backend.revisions(base, { before: 3, limit: 1 })).map(({ revision }) => revision)).toEqual([2]);
      expect(revisions.every(({ createdAt, author }) => createdAt > 0 && author !== "")).toBe(true);
    });

    it("moves and removes revision tags; latest moves by itself", async () => {
      await backend.tagRevision(base, "stable", 3);
      expect((await backend.read(base, { revision: "stable" })).revision).toBe(3);
      expect((await backend.read(base, { revision: "latest" })).revision).toBe(4);
      await backend.untagRevision(base, "stable");
      await expect(backend.read(base, { revision: "stable" })).rejects.toMatchObject({ kind: "not_found" });
      await expect(backend.untagRevision(base, "stable")).rejects.toMatchObject({ kind: "not_found" });
      await expect(backend.tagRevision(base, "latest", 1)).rejects.toMatchObject({ kind: "invalid_input" });
    });

    it("rolls back to an old text as a new revision", async () => {
      const result = kept(await backend.rollback(base, 2));
      expect(result.revision).toBe(5);
      expect(reveal((await backend.open(base)).environment)).toBe('{"shared":"one"}');
      expect((await backend.read(base)).yaml).toBe((await backend.read(base, { revision: 2 })).yaml);
      await expect(backend.rollback(base, 99)).rejects.toMatchObject({ kind: "not_found" });
    });

    it("retracts a revision: it can no longer be read, and its tags move on", async () => {
      await backend.tagRevision(base, "bad", 3);
      await backend.retract(base, 3, { reason: "leaked", replacement: 2 });
      await expect(backend.open(base, { revision: 3 })).rejects.toMatchObject({ kind: "not_found" });
      expect((await backend.read(base, { revision: "bad" })).revision).toBe(2);
      expect((await backend.revisions(base)).find(({ revision }) => revision === 3)?.retracted).toBe(true);
      await expect(backend.retract(base, 5)).rejects.toMatchObject({ kind: "invalid_input" });
    });

    it("sets, changes and removes tags of an environment", async () => {
      await backend.setTag(base, "team", "shop");
      await backend.setTag(base, "team", "platform");
      expect((await backend.get(base)).tags).toEqual({ team: "platform" });
      await backend.setTag(base, "kept", "yes");
      await backend.removeTag(base, "team");
      await expect(backend.removeTag(base, "team")).rejects.toMatchObject({ kind: "not_found" });
      expect((await backend.get(base)).tags).toEqual({ kept: "yes" });
    });

    it("clones with the whole history, tags and secrets", async () => {
      const copy = { project: "shop", name: "copy" };
      const made = await backend.clone(base, copy);
      expect(made).toMatchObject({ ...copy, revision: 5, tags: { kept: "yes" } });
      expect(reveal((await backend.open(copy)).environment)).toBe('{"shared":"one"}');
      expect((await backend.read(copy, { revision: 4, decrypt: true })).yaml).toContain("three");
      expect((await backend.read(copy, { revision: "bad" })).revision).toBe(2);
      await expect(backend.clone(base, copy)).rejects.toSatisfy(isConflict);
      await backend.update(copy, "values: { changed: 1 }");
      expect(reveal((await backend.open(base)).environment)).toBe('{"shared":"one"}');
    });

    it("lists environments, of one project too", async () => {
      await backend.create({ project: "other", name: "one" });
      const { items } = await backend.list();
      expect(items.map(({ project, name: each }) => `${project}/${each}`).toSorted()).toEqual([
        "other/one",
        "shop/base",
        "shop/copy",
        "shop/main",
      ]);
      expect((await backend.list({ project: "other" })).items).toHaveLength(1);
    });

    it("deletes an environment with all its revisions", async () => {
      const copy = { project: "shop", name: "copy" };
      await backend.delete(copy);
      for (const work of [
        () => backend.get(copy),
        () => backend.read(copy),
        () => backend.open(copy),
        () => backend.update(copy, "values: {}"),
        () => backend.revisions(copy),
        () => backend.setTag(copy, "a", "b"),
        () => backend.delete(copy),
      ]) {
        await expect(work()).rejects.toMatchObject({ kind: "not_found" });
      }
      expect((await backend.create(copy)).revision).toBe(1);
    });

    it("never keeps a secret in the clear, whatever the layout", async () => {
      for (const text of [
        `values: { a: [{ fn::secret: "${canary}" }], b: { c: { fn::secret: ${canary} } } }`,
        `values:\n  a:\n    fn::secret: |\n      ${canary}\n      second line\n  b: "fn::secret"\n`,
        `values:\n  a: &x\n    fn::secret: '${canary}'\n  b: *x\n`,
        `values:\n  a:\n    fn::fromJSON:\n      fn::secret: '{"k":"${canary}"}'\n`,
      ]) {
        const result = await backend.update(main, text);
        const stored = await backend.read(main);
        expect(stored.yaml, text).not.toContain(canary);
        if (!result.kept) continue;
        expect(reveal((await backend.open(main)).environment), text).toContain(canary);
      }
    });
  });
}

function kept(result: UpdateResult): Extract<UpdateResult, { kept: true }> {
  expect(result).toMatchObject({ kept: true });
  return result as Extract<UpdateResult, { kept: true }>;
}

/** The values as JSON, keys sorted. */
function reveal(environment: EscEnvironment | undefined): string {
  const properties = [...(environment?.properties ?? [])].sort(([one], [other]) => (one < other ? -1 : 1));
  const parts = properties.map(([key, value]) => {
    return `${JSON.stringify(key)}:${JSON.stringify(sortKeys(toPlainJson(value, { reveal: true })))}`;
  });
  return `{${parts.join(",")}}`;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null || "rawJSON" in value) return value;
  const sorted = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value).sort()) sorted[key] = sortKeys((value as Record<string, unknown>)[key]);
  return sorted;
}
