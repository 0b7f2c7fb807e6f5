import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeFolder } from "./make-folder.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "sophia-folder-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("makes what is missing, for its owner only, and is content with what is there", () => {
  const path = join(folder, "a", "b", "c");
  makeFolder(path);
  makeFolder(path);
  makeFolder("/");
  expect(statSync(path).mode & 0o777).toBe(0o700);
  symlinkSync(path, join(folder, "link"));
  makeFolder(join(folder, "link"));
  makeFolder(join(folder, "link", "d"));
  expect(statSync(join(path, "d")).isDirectory()).toBe(true);
});

it("says what is in the way", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => makeFolder(join(folder, "file"))).toThrow("EEXIST");
  expect(() => makeFolder(join(folder, "file", "below"))).toThrow("ENOTDIR");
});

// Node's own recursive mkdir never returns there.
it.runIf(existsSync("/proc/self"))("gives up where no folder can be made", { timeout: 2_000 }, () => {
  expect(() => makeFolder("/proc/x/y")).toThrow("ENOENT");
});
