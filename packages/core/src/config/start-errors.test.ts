import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import { checkDataDir } from "./check-data-dir.ts";
import { ensureKeyFile } from "./key-file.ts";
import { findPortOwner } from "./port-owner.ts";
import { toFileError, toListenError, toStartError } from "./start-errors.ts";

let dataDir = "";
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-start-"))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function systemError(code: string, details: object = {}): Error {
  return Object.assign(new Error(`${code}: canary-9f31`), { code, ...details });
}

function messageOf(error: unknown): string {
  if (!(error instanceof AppError)) throw error;
  expect(error.hint).toMatch(/SOPHIA_/);
  return `${error.kind}: ${error.message}`;
}

test.for([
  ["EACCES", "this user may not read or write it"],
  ["EPERM", "this user may not change it"],
  ["EROFS", "its file system is read-only"],
  ["ENOSPC", "its disk is full"],
  ["EISDIR", "there is a folder where a file belongs"],
  ["ENOTDIR", "there is a file where a folder belongs"],
])("%s in the data directory: %s", ([code = "", reason = ""]) => {
  const path = join(dataDir, "audit", "x");
  expect(messageOf(toStartError(systemError(code, { path }), dataDir))).toBe(
    `not_configured: ${path} cannot be used: ${reason}.`,
  );
});

test("errors that are not about the data directory stay what they are", () => {
  for (const error of [systemError("EACCES", { path: `${dataDir}-other/x` }), systemError("EACCES"), new Error("x")]) {
    expect(toStartError(error, dataDir)).toBe(error);
  }
  expect(toFileError(systemError("EIO"), dataDir)).toBeInstanceOf(Error);
  expect(toFileError(systemError("EIO"), dataDir)).not.toBeInstanceOf(AppError);
});

test("what no waiting mends is a matter of configuration, what may pass is not", () => {
  const damaged = new AppError("unavailable", "The store is damaged.", { hint: "Restore it.", retryable: false });
  expect(toStartError(damaged, dataDir)).toMatchObject({
    kind: "not_configured",
    message: "The store is damaged.",
    hint: "Restore it.",
  });
  const busy = new AppError("unavailable", "The store is busy.");
  expect(toStartError(busy, dataDir)).toBe(busy);
});

describe("a place to listen", () => {
  test.for([
    ["EACCES", "not_configured: This user may not listen on port 80."],
    ["EADDRNOTAVAIL", "not_configured: This machine has no address 192.0.2.1 to listen on."],
    ["ENOTFOUND", "not_configured: This machine has no address 192.0.2.1 to listen on."],
    ["EADDRINUSE", "unavailable: Port 80 is taken by another program."],
  ])("%s: %s", ([code = "", message = ""]) => {
    expect(messageOf(toListenError(systemError(code), "192.0.2.1", 80))).toBe(message);
    const raised = systemError(code, { syscall: "listen", address: "192.0.2.1", port: 80 });
    expect(messageOf(toStartError(raised, undefined))).toBe(message);
  });

  it("is taken only when another program has it, which is named where the system tells", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const owner = await findPortOwner("127.0.0.1", port);
    expect(owner.taken).toBe(true);
    expect(owner.description).toContain(existsSync("/proc/net/tcp") ? `process ${process.pid} (` : "another program");
    await new Promise((resolve) => server.close(resolve));
    expect(await findPortOwner("127.0.0.1", port)).toMatchObject({ taken: false });
    // TEST-NET-1 of RFC 5737: no machine has it.
    await expect(findPortOwner("192.0.2.1", port)).rejects.toMatchObject({ kind: "not_configured" });
  });
});

describe("what earlier starts left", () => {
  test.for(["audit", "locks", "logs"])("%s as a file is refused by name, and left alone", (name) => {
    checkDataDir(dataDir);
    writeFileSync(join(dataDir, name), "");
    expect(() => checkDataDir(dataDir)).toThrow(`${join(dataDir, name)} cannot be used: there is a file`);
  });

  test.for(["sophia.db", "plan-key", "caller-token"])("%s as a folder is refused by name", (name) => {
    mkdirSync(join(dataDir, name));
    expect(() => checkDataDir(dataDir)).toThrow(`${join(dataDir, name)} cannot be used: there is a folder`);
  });

  test.for(["", "half"])("a key file that holds %j is refused and not replaced", (content) => {
    const path = join(dataDir, "plan-key");
    writeFileSync(path, content);
    expect(() => ensureKeyFile(path, () => "a-new-key-of-more-than-16-bytes")).toThrow(
      `The key file ${path} is empty or cut off.`,
    );
    expect(() => ensureKeyFile(path, () => "a-new-key-of-more-than-16-bytes")).toThrow(AppError);
  });
});
