import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeMemoryFolder } from "./memory-folder.ts";

let parent: string;
beforeEach(() => void (parent = mkdtempSync(join(tmpdir(), "sophia-memory-"))));
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const module = new URL("./memory-folder.ts", import.meta.url).href;

test("the folder is there while its process runs, and goes with it, as does one that a killed process left", () => {
  const killed = join(parent, "sophia-tests-2147483646-abcdef");
  const living = join(parent, `sophia-tests-${process.pid}-abcdef`);
  for (const folder of [killed, living]) mkdirSync(folder);
  const script = `
    import { makeMemoryFolder } from ${JSON.stringify(module)};
    import { existsSync, readdirSync } from "node:fs";
    const folder = makeMemoryFolder(process.argv[1], 1);
    console.log(JSON.stringify({ folder, exists: folder !== undefined && existsSync(folder), left: readdirSync(folder) }));
  `;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script, parent], { encoding: "utf8" });
  const told = JSON.parse(stdout) as { folder: string; exists: boolean; left: string[] };
  expect(told).toMatchObject({ exists: true, left: [] });
  expect(existsSync(told.folder)).toBe(false);
  expect(readdirSync(parent)).toEqual([`sophia-tests-${process.pid}-abcdef`]);
});

test("where there is no such place, or no room in it, the tests stay on the disk", () => {
  expect(makeMemoryFolder(join(parent, "nowhere"), 1)).toBeUndefined();
  expect(makeMemoryFolder(parent, Number.MAX_SAFE_INTEGER)).toBeUndefined();
  expect(readdirSync(parent)).toEqual([]);
});
