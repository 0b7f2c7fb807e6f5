import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makePrivateFolder } from "./private-folder.ts";

let parent = "";
beforeEach(() => void (parent = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "sophia-parent-"))));
afterEach(() => rmSync(parent, { recursive: true, force: true }));

test("only this user can read it, and nothing stays", () => {
  const folder = makePrivateFolder({ XDG_RUNTIME_DIR: parent });
  const file = folder.write("key.pem", "canary");
  expect(statSync(folder.path).mode & 0o777).toBe(0o700);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toBe("canary");
  // What an editor leaves beside it goes too.
  writeFileSync(join(folder.path, ".key.pem.swp"), "canary", { mode: 0o400 });
  folder.dispose();
  folder.dispose();
  expect(existsSync(folder.path)).toBe(false);
});

test("what a killed process left is removed, unless a program it started still uses it", () => {
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const folder = makePrivateFolder({ XDG_RUNTIME_DIR: parent });
  const space = readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  const place = dirname(folder.path);
  const make = (name: string, user?: number): string => {
    const path = join(place, name);
    mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(path, "key"), "canary");
    if (user !== undefined) writeFileSync(join(path, ".user"), String(user));
    return path;
  };
  const left = make(`sophia-secrets-${space}-${dead}-aaaaaa`);
  const used = make(`sophia-secrets-${space}-${dead}-bbbbbb`, process.pid);
  const foreign = make(`sophia-secrets-1-${dead}-cccccc`);
  const second = makePrivateFolder({ XDG_RUNTIME_DIR: parent });
  expect([left, used, foreign, folder.path].map((path) => existsSync(path))).toEqual([false, true, true, true]);
  for (const { dispose } of [folder, second]) dispose();
  for (const path of [used, foreign]) rmSync(path, { recursive: true });
});
