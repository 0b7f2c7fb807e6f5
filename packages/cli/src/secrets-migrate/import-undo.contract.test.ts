import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runImportValues } from "./import-values.ts";
import { runMigrateUndo } from "./migrate-undo.ts";
import { lockMigrations } from "./run-folder.ts";
import { createMigrationHarness } from "./testing/migration-harness.ts";
import type { MigrationHarness } from "./testing/migration-harness.ts";

let harness: MigrationHarness;
beforeEach(() => void (harness = createMigrationHarness()));
afterEach(() => harness.close());

const text = "# keys\nTAVILY_API_KEY=tvly-canary-0123456789abcdef\nKEEP=1\nOTHER_KEY='two\nlines'\n";

async function importFile(): Promise<string> {
  const file = join(harness.folder, ".env");
  writeFileSync(file, text);
  const { context } = harness.context();
  const names = ["TAVILY_API_KEY", "OTHER_KEY"];
  const { store } = harness;
  await runImportValues(context, {
    store,
    stage: "staging",
    file,
    names,
    dryRun: false,
    replace: false,
    remove: true,
    json: true,
  });
  return file;
}

async function undo(environment: Record<string, string> = {}) {
  const command = harness.context(environment);
  const code = await runMigrateUndo(command.context, {
    store: harness.store,
    run: undefined,
    dryRun: false,
    json: false,
  });
  return { code, stderr: command.stderr() };
}

describe("undoing an import", () => {
  it("puts the lines back into the file and takes the environments away", async () => {
    const file = await importFile();
    expect(readFileSync(file, "utf8")).toBe("# keys\nKEEP=1\n");
    expect((await undo()).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect((await harness.store.backend.list()).items).toEqual([]);
  });

  it("puts a file back that was deleted since", async () => {
    const file = await importFile();
    rmSync(file);
    expect((await undo()).code).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  it("does not write over a file that somebody has changed since", async () => {
    const file = await importFile();
    writeFileSync(file, "# keys\nKEEP=2\n");
    const { code, stderr } = await undo();
    expect(code).toBe(1);
    expect(stderr).toContain("was changed since its lines were taken out");
    expect(readFileSync(file, "utf8")).toBe("# keys\nKEEP=2\n");
  });

  it("takes several imports back, one after the other", async () => {
    const { store } = harness;
    for (const value of ["first", "second", "third"]) {
      const { context } = harness.context({ TAVILY_API_KEY: `tvly-${value}-0123456789abcdef` });
      const rest = { file: undefined, names: [], dryRun: false, replace: true, remove: false, json: true };
      await runImportValues(context, { store, stage: "staging", ...rest });
    }
    const id = "sophia/data-intelligence-staging";
    expect(await harness.read(id, "environmentVariables.TAVILY_API_KEY")).toContain("third");
    expect((await undo()).code).toBe(0);
    expect(await harness.read(id, "environmentVariables.TAVILY_API_KEY")).toContain("second");
    expect((await undo()).code).toBe(0);
    expect(await harness.read(id, "environmentVariables.TAVILY_API_KEY")).toContain("first");
    expect((await undo()).code).toBe(0);
    expect((await store.backend.list()).items).toEqual([]);
  });

  it("brings an environment back from the sealed copy when somebody has deleted it since", async () => {
    const id = { project: "sophia", name: "data-intelligence-staging" };
    const { backend } = harness.store;
    await backend.create(id);
    await backend.update(
      id,
      "values:\n  # mine\n  own: { fn::secret: canary-before-all }\n  environmentVariables: {}\n",
    );
    await importFile();
    await backend.delete(id);
    expect((await undo()).code).toBe(0);
    expect((await backend.read(id)).yaml).toContain("# mine");
    expect(await harness.read("sophia/data-intelligence-staging", "own")).toBe("canary-before-all");
  });

  it("waits for nobody: a second command is told who is at work", async () => {
    const lock = lockMigrations(harness.dataDir);
    await expect(undo()).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("Another migration"),
    });
    lock.release();
    await importFile();
    await expect(undo({ SOPHIA_READ_ONLY: "1" })).rejects.toMatchObject({ kind: "denied" });
  });
});
