import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
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

test("what somebody else put under such a name is neither followed nor touched", () => {
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const place = dirname(makePrivateFolder({ XDG_RUNTIME_DIR: parent }).path);
  const space = readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  const victim = mkdtempSync(join(tmpdir(), "sophia-victim-"));
  writeFileSync(join(victim, "thesis"), "years of work");
  const link = join(place, `sophia-secrets-${space}-${dead}-dddddd`);
  symlinkSync(victim, link);
  const open = join(place, `sophia-secrets-${space}-${dead}-eeeeee`);
  mkdirSync(open);
  chmodSync(open, 0o777);
  writeFileSync(join(open, "thesis"), "years of work");
  makePrivateFolder({ XDG_RUNTIME_DIR: parent }).dispose();
  expect(readFileSync(join(victim, "thesis"), "utf8")).toBe("years of work");
  expect(readFileSync(join(open, "thesis"), "utf8")).toBe("years of work");
  for (const path of [victim, link, open]) rmSync(path, { recursive: true });
});
