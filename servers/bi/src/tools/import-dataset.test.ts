import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { ImportPreview, Imports } from "../domain/imports.ts";
import { importDataset } from "./import-dataset.ts";

const preview: ImportPreview = {
  root: "/data/files",
  files: [
    { source: "/data/files/a.csv", bytes: 1_500_000, modifiedAt: 1, table: "a", state: "changed" },
    { source: "/data/files/b.csv", bytes: 10, modifiedAt: 1, table: "b", state: "new" },
    { source: "/data/files/c.csv", bytes: 10, modifiedAt: 1, table: "c", state: "unchanged" },
  ],
  skipped: [],
};

const run = {
  id: "i1",
  folder: "/data/files",
  state: "done" as const,
  startedAt: 0,
  finishedAt: 1_000,
  filesTotal: 2,
  outcomes: [
    { source: "/data/files/a.csv", table: "a", result: "imported" as const, rows: 10, rejectedRows: 1 },
    { source: "/data/files/b.csv", result: "failed" as const, reason: "The file could not be read in its format." },
  ],
};

function contextOf(imports: Partial<Imports>) {
  return {
    services: { imports: imports as Imports },
    caller: { id: "ann", name: "Ann", scopes: ["write" as const] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => undefined,
    log: pino({ level: "silent" }),
  } as never;
}

describe("import_dataset", () => {
  test("plans what is new or changed, and touches nothing", async () => {
    const plan = await importDataset.plan({ path: "." }, contextOf({ preview: () => Promise.resolve(preview) }));
    expect(plan).toMatchObject({
      summary: "Import 2 of 3 files (1.5 MB) into the warehouse; the others did not change.",
      risk: "low",
      changes: [
        { action: "import", resource: "a", before: "the table as imported before" },
        { action: "import", resource: "b", before: "no table" },
      ],
    });
  });

  test("has another state when a file changed since", async () => {
    const first = await importDataset.plan({ path: "." }, contextOf({ preview: () => Promise.resolve(preview) }));
    const [changed, ...others] = preview.files;
    const later = { ...preview, files: [{ ...changed!, modifiedAt: 2 }, ...others] };
    const second = await importDataset.plan({ path: "." }, contextOf({ preview: () => Promise.resolve(later) }));
    expect(second.stateVersion).not.toBe(first.stateVersion);
  });

  test("an empty folder is refused", async () => {
    const empty = { ...preview, files: [] };
    await expect(
      importDataset.plan({ path: "." }, contextOf({ preview: () => Promise.resolve(empty) })),
    ).rejects.toMatchObject({ kind: "invalid_input" });
  });

  test("applies and shows each file's outcome, without the machine's paths", async () => {
    const context = contextOf({ preview: () => Promise.resolve(preview), run: () => Promise.resolve(run) });
    const plan = await importDataset.plan({ path: "." }, context);
    const output = importDataset.output.parse(await importDataset.apply({ path: "." }, plan, context));
    expect(output.files).toEqual([
      { file: "a.csv", table: "a", result: "imported", rows: 10, rejectedRows: 1 },
      { file: "b.csv", result: "failed", reason: "The file could not be read in its format." },
    ]);
    expect(JSON.stringify(output)).not.toContain("/data/files");
  });
});
