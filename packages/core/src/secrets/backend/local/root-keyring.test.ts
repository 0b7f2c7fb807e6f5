import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../../errors/app-error.ts";
import type { Keychain } from "./keychain.ts";
import { loadRootKeyring } from "./root-keyring.ts";

const id = { project: "a", name: "b" };
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sophia-key-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A keychain in memory that can be locked. */
function createKeychain(): Keychain & { entries: Map<string, string>; locked: boolean } {
  const entries = new Map<string, string>();
  const keychain = {
    name: "test",
    entries,
    locked: false,
    read: (account: string) => use(() => entries.get(account)),
    write: (account: string, secret: string) => use(() => void entries.set(account, secret)),
    remove: (account: string) => use(() => void entries.delete(account)),
  };
  function use<Result>(work: () => Result): Promise<Result> {
    if (keychain.locked) return Promise.reject(new AppError("unavailable", "locked"));
    return Promise.resolve(work());
  }
  return keychain;
}

describe("the root key", () => {
  it("is made once, in a file that only this user reads", async () => {
    const keyring = await loadRootKeyring({ folder });
    expect(statSync(join(folder, "key")).mode & 0o777).toBe(0o600);
    const again = await Promise.all([1, 2, 3].map(() => loadRootKeyring({ folder })));
    for (const each of again) expect(each.fingerprint("x")).toBe(keyring.fingerprint("x"));
  });

  it("lives in the keychain where there is one, and then nowhere in the folder", async () => {
    const keychain = createKeychain();
    const keyring = await loadRootKeyring({ folder, keychain });
    expect(keychain.entries.size).toBe(1);
    const [secret = ""] = keychain.entries.values();
    expect(readFileSync(join(folder, "key-place.json"), "utf8")).not.toContain(secret);
    expect((await loadRootKeyring({ folder, keychain })).fingerprint("x")).toBe(keyring.fingerprint("x"));
  });

  it("of several first starts at once all end with the same key", async () => {
    const keychain = createKeychain();
    const keyrings = await Promise.all([1, 2, 3].map(() => loadRootKeyring({ folder, keychain })));
    expect(new Set(keyrings.map((each) => each.fingerprint("x"))).size).toBe(1);
    expect(keychain.entries.size).toBe(1);
  });

  it("falls back to the file when the keychain does not work and never held the key", async () => {
    const keychain = createKeychain();
    keychain.locked = true;
    const keyring = await loadRootKeyring({ folder, keychain });
    keychain.locked = false;
    expect((await loadRootKeyring({ folder, keychain })).fingerprint("x")).toBe(keyring.fingerprint("x"));
    expect(keychain.entries.size).toBe(0);
  });

  it("is not made anew while the keychain that holds it is locked, absent or empty", async () => {
    const keychain = createKeychain();
    await loadRootKeyring({ folder, keychain });
    const refusal = { kind: "not_configured", message: expect.stringContaining("keychain") as string };
    keychain.locked = true;
    await expect(loadRootKeyring({ folder, keychain })).rejects.toMatchObject(refusal);
    await expect(loadRootKeyring({ folder })).rejects.toMatchObject(refusal);
    keychain.locked = false;
    keychain.entries.clear();
    await expect(loadRootKeyring({ folder, keychain })).rejects.toMatchObject(refusal);
  });

  it("is not made anew beside secrets that another key sealed", async () => {
    await loadRootKeyring({ folder });
    mkdirSync(join(folder, "environments", id.project, id.name), { recursive: true });
    renameSync(join(folder, "key"), join(folder, "key-copy"));
    await expect(loadRootKeyring({ folder })).rejects.toMatchObject({ kind: "not_configured" });
    await expect(loadRootKeyring({ folder, keychain: createKeychain() })).rejects.toMatchObject({
      kind: "not_configured",
    });
    renameSync(join(folder, "key-copy"), join(folder, "key"));
    await loadRootKeyring({ folder });
  });

  it("that was cut or overwritten is refused", async () => {
    for (const text of ["", "short\n", "x".repeat(200)]) {
      writeFileSync(join(folder, "key"), text);
      await expect(loadRootKeyring({ folder })).rejects.toMatchObject({ kind: "not_configured" });
    }
  });
});
