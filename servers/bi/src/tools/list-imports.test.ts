import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { openCatalogue } from "../domain/catalogue.ts";
import type { Imports } from "../domain/imports.ts";
import { listImports } from "./list-imports.ts";

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
    caller: { id: "ann", name: "Ann", scopes: ["read" as const] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => undefined,
    log: pino({ level: "silent" }),
  } as never;
}

describe("list_imports", () => {
  test("an empty list is an answer", async () => {
    const output = await listImports.run({ limit: 10 }, contextOf({ runs: () => [] }));
    expect(output.imports).toEqual([]);
  });

  test("counts outcomes and names failures", async () => {
    const output = listImports.output.parse(await listImports.run({ limit: 10 }, contextOf({ runs: () => [run] })));
    expect(output.imports).toEqual([
      {
        importId: "i1",
        folder: "files",
        state: "done",
        startedAt: "1970-01-01T00:00:00.000Z",
        finishedAt: "1970-01-01T00:00:01.000Z",
        files: 2,
        imported: 1,
        unchanged: 0,
        failures: [{ file: "b.csv", reason: "The file could not be read in its format." }],
        rejectedRows: 1,
      },
    ]);
  });

  test("leads through all imports, newest first, each once, also those of the same moment", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sophia-imports-"));
    const catalogue = openCatalogue(directory, 10);
    onTestFinished(async () => {
      catalogue.close();
      await rm(directory, { recursive: true });
    });
    for (const [id, startedAt] of Object.entries({ a: 1, b: 2, c: 2, d: 2, e: 3 }))
      catalogue.saveRun({ ...run, id, startedAt });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listImports.run({ limit: 2, cursor }, contextOf({ runs: catalogue.runs }));
      seen.push(...page.imports.map(({ importId }) => importId));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(["e", "b", "c", "d", "a"]);
  });
});
