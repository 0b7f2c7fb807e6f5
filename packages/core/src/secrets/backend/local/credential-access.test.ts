import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../limits/clock.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import { formatCredential, parseCredential } from "./credential.ts";
import { createKeyring } from "./keyring.ts";
import { createLocalBackend, type LocalBackend } from "./local-backend.ts";

const base = { project: "sophia", name: "base" };
const mine = { project: "sophia", name: "ai-intelligence-production" };
const theirs = { project: "sophia", name: "infrastructure-production" };
const root = createKeyring(Buffer.alloc(32, 5));

let folder = "";
let admin: LocalBackend;
let server: LocalBackend;

function openWith(ids: readonly EnvironmentId[]): LocalBackend {
  const keyring = parseCredential(formatCredential(root, ids));
  return createLocalBackend({ folder, keyring, author: "ai", clock: systemClock });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sophia-access-"));
  admin = createLocalBackend({ folder, keyring: root, author: "ada", clock: systemClock });
  for (const id of [base, mine, theirs]) await admin.create(id);
  await admin.update(base, "values: { shared: { fn::secret: b } }");
  await admin.update(mine, "imports: [sophia/base]\nvalues: { own: { fn::secret: m } }");
  await admin.update(theirs, "imports: [sophia/base]\nvalues: { other: { fn::secret: t } }");
  server = openWith([mine, base]);
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("a server with the credential of its group", () => {
  it("opens its own environment with all that this imports", async () => {
    const { environment, diagnostics } = await server.open(mine);
    expect(diagnostics).toEqual([]);
    expect([...(environment?.properties.keys() ?? [])].toSorted()).toEqual(["own", "shared"]);
  });

  it("opens no other, by no way", async () => {
    const denied = { kind: "denied" };
    await expect(server.open(theirs)).rejects.toMatchObject(denied);
    await expect(server.read(theirs, { decrypt: true })).rejects.toMatchObject(denied);
    await expect(server.openYaml("imports: [sophia/infrastructure-production]")).rejects.toMatchObject(denied);
    await expect(server.clone(theirs, { project: "sophia", name: "copy" })).rejects.toMatchObject(denied);
    // Not even when somebody made its own environment import the other one since.
    await admin.update(mine, "imports: [sophia/infrastructure-production]");
    await expect(server.open(mine)).rejects.toMatchObject(denied);
    await admin.update(mine, "values: { x: '${environments.sophia.infrastructure-production.other}' }");
    await expect(server.open(mine)).rejects.toMatchObject(denied);
    expect((await admin.list()).items).toHaveLength(3);
  });

  it("does without a key what needs none: structure, history, tags, rollback", async () => {
    expect((await server.check(theirs)).diagnostics).toEqual([]);
    expect((await server.read(theirs)).yaml).toContain("ciphertext");
    expect(await server.version(theirs)).toMatch(/^[0-9a-f]{32}$/);
    expect(await server.revisions(theirs)).toHaveLength(2);
    await server.tagRevision(theirs, "before", 2);
    await admin.update(theirs, "values: {}");
    expect(await server.rollback(theirs, "before")).toMatchObject({ kept: true, revision: 4 });
    expect((await admin.open(theirs)).environment?.properties.get("other")?.value).toBe("t");
    await expect(server.update(theirs, "values: { a: { fn::secret: x } }")).rejects.toMatchObject({ kind: "denied" });
    expect((await admin.get(theirs)).revision).toBe(4);
  });
});

describe("a revision", () => {
  it("differs from the one before only where something changed", async () => {
    const { yaml } = await admin.read(theirs, { decrypt: true });
    await admin.update(theirs, `${yaml.trimEnd()}\n# a note\n`);
    const [before, after] = await Promise.all([2, 3].map(async (revision) => admin.read(theirs, { revision })));
    expect(ciphertextsOf(after?.yaml)).toEqual(ciphertextsOf(before?.yaml));
    await admin.update(theirs, "values: { one: { fn::secret: t }, two: { fn::secret: t } }");
    // The same value twice does not show: the old ciphertext is used for one of them only.
    const [one, two] = ciphertextsOf((await admin.read(theirs)).yaml);
    expect(one).toBe(ciphertextsOf(before?.yaml)[0]);
    expect(two).not.toBe(one);
  });
});

function ciphertextsOf(yaml = ""): string[] {
  return [...yaml.matchAll(/ciphertext: ([\w+/=]+)/g)].map((match) => match[1] ?? "");
}
