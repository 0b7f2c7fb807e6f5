import { basename } from "node:path";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import type { Imports } from "../domain/imports.ts";

interface Services {
  imports: Imports;
}

export const listImports = defineTool({
  name: "list_imports",
  title: "List imports",
  description:
    "Lists what was imported into the warehouse, newest first, with what failed and why.\n" +
    "- Use when a table is missing, older than its file, or shorter than expected.\n" +
    '- Example: {"limit": 5}',
  effect: "read",
  items: "imports",
  input: z.strictObject({
    limit: z.number().int().min(1).max(50).default(10).describe("Imports in this answer."),
    cursor: Cursor,
  }),
  output: z.object({
    imports: z.array(
      z.object({
        importId: z.string(),
        folder: z.string().describe("Name of the folder."),
        state: z.enum(["running", "done", "failed", "interrupted"]),
        startedAt: z.string().describe("ISO 8601."),
        finishedAt: z.string().nullable(),
        files: z.number().int().describe("Files it was to import."),
        imported: z.number().int(),
        unchanged: z.number().int(),
        failures: z.array(z.object({ file: z.string(), reason: z.string() })),
        rejectedRows: z.number().int().describe("Lines left out because they did not fit."),
      }),
    ),
    nextCursor: NextCursor,
    source: Source,
  }),
  async run({ limit, cursor }, { services }: ToolContext<Services>) {
    const after = readCursor(cursor, "imports", z.object({ startedAt: z.number(), id: z.string() }));
    const found = services.imports.runs(limit + 1, after);
    const runs = found.slice(0, limit);
    const last = found.length > limit ? runs.at(-1) : undefined;
    const imports = runs.map((run) => ({
      importId: run.id,
      folder: basename(run.folder),
      state: run.state,
      startedAt: new Date(run.startedAt).toISOString(),
      finishedAt: run.finishedAt === null ? null : new Date(run.finishedAt).toISOString(),
      files: run.filesTotal,
      imported: run.outcomes.filter((outcome) => outcome.result === "imported").length,
      unchanged: run.outcomes.filter((outcome) => outcome.result === "unchanged").length,
      failures: run.outcomes
        .filter((outcome) => outcome.result === "failed")
        .slice(0, 20)
        .map((outcome) => ({ file: basename(outcome.source), reason: outcome.reason ?? "unknown" })),
      rejectedRows: run.outcomes.reduce((sum, outcome) => sum + (outcome.rejectedRows ?? 0), 0),
    }));
    return {
      imports,
      ...(last && { nextCursor: toCursor({ startedAt: last.startedAt, id: last.id }, "imports") }),
      source: { service: "snowflake", mode: "local" as const, costUsd: 0 },
    };
  },
});
