import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
// Loaded before the test becomes somebody who may not read them.
import "./commands/plans.ts";
import "./commands/up.ts";
import { runCli } from "./program.ts";

let dataDir = "";
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-unwritable-"))));
afterEach(() => {
  chmodSync(dataDir, 0o700);
  rmSync(dataDir, { recursive: true, force: true });
});

/** Root may write everywhere, so the command runs as somebody else. */
async function runAsNobody(command: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({ write: (text: string) => (written[name] += text) !== "" });
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    const code = await runCli({
      arguments: [command],
      environment: { SOPHIA_DATA_DIR: dataDir, PATH: process.env["PATH"], SOPHIA_LOG_LEVEL: "fatal" },
      streams: { stdin: {}, stdout: stream("stdout"), stderr: stream("stderr") } as never,
    });
    return { code, ...written };
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test.for(["up", "plans"])("fault 47: `sophia %s` on a folder it may not write: cause, fix, 78", async (command) => {
  chmodSync(dataDir, 0o555);
  expect(await runAsNobody(command)).toEqual({
    code: 78,
    stdout: "",
    stderr:
      `The data directory ${dataDir} cannot be used: this user may not read or write it.\n` +
      "Give it to the user that runs Sophia, or set SOPHIA_DATA_DIR to another folder.\n",
  });
  expect(readdirSync(dataDir)).toEqual([]);
});
