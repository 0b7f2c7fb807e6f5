import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replaceTextFile } from "./replace-text-file.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "sophia-replace-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the new text stands there with the mode it was given, and nothing beside it", async () => {
  const file = join(folder, ".env");
  writeFileSync(file, "A=1\n");
  await replaceTextFile(file, "B=2\n", { mode: 0o100664, before: "A=1\n" });
  expect(readFileSync(file, "utf8")).toBe("B=2\n");
  expect(statSync(file).mode & 0o777).toBe(0o664);
  expect(readdirSync(folder)).toEqual([".env"]);
});

test("a file that somebody else changed stays as they left it, and no draft of it either", async () => {
  const file = join(folder, ".env");
  writeFileSync(file, "A=1\nTHEIRS=2\n");
  const change = replaceTextFile(file, "STAYS=canary\n", { mode: 0o600, before: "A=1\nSTAYS=canary\n" });
  await expect(change).rejects.toMatchObject({ kind: "unavailable" });
  expect(readFileSync(file, "utf8")).toBe("A=1\nTHEIRS=2\n");
  expect(readdirSync(folder)).toEqual([".env"]);
});
