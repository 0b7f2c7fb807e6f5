import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findLockHolder, takeDataLock } from "./data-lock.ts";

let folder = "";
const children: ChildProcess[] = [];
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "sophia-lock-"))));
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const lockModule = new URL("./data-lock.ts", import.meta.url).href;

/** Another process that tries to take the locks, and tells how that went. */
async function startHolder(ids: readonly string[]): Promise<{ child: ChildProcess; said: string }> {
  const script = `import { takeDataLock } from ${JSON.stringify(lockModule)};
    try { takeDataLock(${JSON.stringify(folder)}, ${JSON.stringify(ids)}, "sophia up"); console.log("taken"); setInterval(() => {}, 1000); }
    catch (error) { console.log(error.message); }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const said = await new Promise<string>((resolve) => child.stdout.once("data", (chunk) => resolve(String(chunk))));
  return { child, said: said.trim() };
}

test("fault 14: a second start on the same folder is refused and names the holder", async () => {
  const { child, said } = await startHolder(["ai", "bi"]);
  expect(said).toBe("taken");
  expect(() => takeDataLock(folder, ["bi"], "test")).toThrow(`process ${child.pid} (sophia up, since `);
  expect(findLockHolder(folder, "ai")).toMatchObject({ pid: child.pid, command: "sophia up" });
  const second = await startHolder(["data", "bi"]);
  expect(second.said).toContain("The bi server already runs");
});

test("fault 14: what was taken before a refusal is given back", async () => {
  await startHolder(["bi"]);
  expect(() => takeDataLock(folder, ["ai", "bi"], "test")).toThrow("bi server already runs");
  expect(findLockHolder(folder, "ai")).toBeUndefined();
});

test("other servers may run on the same folder", async () => {
  await startHolder(["ai"]);
  const lock = takeDataLock(folder, ["data", "infra"], "test");
  expect(findLockHolder(folder, "data")).toMatchObject({ pid: process.pid });
  lock.release();
  expect(findLockHolder(folder, "data")).toBeUndefined();
});

test("a holder that was killed holds nothing", async () => {
  const { child } = await startHolder(["ai"]);
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
  expect(findLockHolder(folder, "ai")).toBeUndefined();
  takeDataLock(folder, ["ai"], "test").release();
});

test("only one of many that start at once wins", async () => {
  const all = await Promise.all(Array.from({ length: 6 }, () => startHolder(["ai"])));
  expect(all.filter(({ said }) => said === "taken")).toHaveLength(1);
});

test("nobody holds a folder that does not exist", () => {
  expect(findLockHolder(join(folder, "none"), "ai")).toBeUndefined();
});

test("a folder that cannot hold locks is explained", () => {
  writeFileSync(join(folder, "locks"), "a file where a folder belongs");
  expect(() => takeDataLock(folder, ["ai"], "test")).toThrow("cannot be used for locks");
});

test("a folder whose parent is a file is explained", () => {
  expect(() => takeDataLock(join(import.meta.filename, "data"), ["ai"], "test")).toThrow("cannot be used");
});
