import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createVirtualClock, type VirtualClock } from "../../testing/virtual-clock.ts";
import { createKeyring } from "../backend/local/keyring.ts";
import { createLocalBackend } from "../backend/local/local-backend.ts";
import type { SecretBackend } from "../backend/secret-backend.ts";
import { type Backups, createBackups } from "./backups.ts";
import { createRotationKeys } from "./rotation-keys.ts";

const id = { project: "p", name: "e" };

let folder = "";
let clock: VirtualClock;
let backend: SecretBackend;
let backups: Backups;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sophia-backups-"));
  clock = createVirtualClock();
  const keyring = createKeyring(Buffer.alloc(32, 7));
  backend = createLocalBackend({ folder: join(folder, "store"), keyring, author: "test", clock });
  await backend.create(id);
  backups = createBackups({ folder: join(folder, "backups"), backend, keys: createRotationKeys(keyring), clock });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a damaged copy keeps no other from being made, found or opened", async () => {
  await backend.update(id, "values: { key: { fn::secret: canary-1 } }");
  const first = await backups.take(id, "first");
  const [file = ""] = readdirSync(join(folder, "backups"));
  writeFileSync(join(folder, "backups", `bak_damaged.json`), "{");
  writeFileSync(join(folder, "backups", file.replace("bak_", "bak_0")), "");
  const second = await backups.take(id, "second");
  expect(new Set(backups.list(id).map((each) => each.id))).toEqual(new Set([first.id, second.id]));
  expect((await backups.open(first.id)).yaml).toContain("canary-1");
  await expect(backups.open("bak_damaged")).rejects.toMatchObject({ kind: "unavailable" });
});

test("a clock that was set back takes away no new copy", { timeout: 60_000 }, async () => {
  for (let index = 0; index < 100; index++) await backups.take(id, `old ${index}`);
  clock.jumpWall(-365 * 24 * 3_600_000);
  await backend.update(id, "values: { key: 2 }");
  const newest = await backups.take(id, "after the jump");
  expect(backups.list(id)).toHaveLength(100);
  expect((await backups.open(newest.id)).yaml).toContain("key: 2");
  const next = await backups.take(id, "and again");
  expect(backups.list(id).map((each) => each.id)).toEqual(expect.arrayContaining([newest.id, next.id]));
});
