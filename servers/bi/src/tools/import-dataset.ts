import { createHash } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { basename } from "node:path";
import type { ImportPreview, Imports } from "../domain/imports.ts";

interface Services {
  imports: Imports;
}

const maxShown = 100;

export const importDataset = defineTool({
  name: "import_dataset",
  title: "Import files into the warehouse",
  description:
    "Imports CSV, TSV, JSON, NDJSON and Parquet files from a folder into tables, and says what it guessed.\n" +
    "- Use to make files of an allowed folder available to query_data. Files that did not change are skipped.\n" +
    "- A table is replaced as a whole: queries see the old one until the new one is complete.\n" +
    '- Example: {"path": "exports/2026"}',
  effect: "create",
  deadlineMs: 55_000,
  items: "files",
  input: z.strictObject({
    path: z
      .string()
      .min(1)
      .max(1_000)
      .describe(
        "A folder or file, relative to the import folder or absolute inside an allowed one. Use . for the whole folder.",
      ),
  }),
  output: z.object({
    importId: z.string(),
    state: z.enum(["running", "done", "failed", "interrupted"]),
    files: z.array(
      z.object({
        file: z.string(),
        result: z.enum(["imported", "unchanged", "failed"]),
        table: z.string().optional(),
        rows: z.number().int().optional(),
        rejectedRows: z.number().int().optional().describe("Lines left out because they did not fit."),
        reason: z.string().optional(),
      }),
    ),
    next: z.string().describe("What to do with it."),
    source: Source,
  }),
  async plan({ path }, { services }: ToolContext<Services>) {
    const preview = await services.imports.preview(path);
    const changing = preview.files.filter((file) => file.state !== "unchanged");
    if (preview.files.length === 0)
      throw new AppError("invalid_input", "There is nothing to import in this folder.", {
        hint: "CSV, TSV, JSON, NDJSON and Parquet files are imported.",
      });
    const megabytes = changing.reduce((sum, file) => sum + file.bytes, 0) / 1e6;
    return {
      summary: `Import ${changing.length} of ${preview.files.length} files (${megabytes.toFixed(1)} MB) into the warehouse; the others did not change.`,
      changes: (changing.length > 0 ? changing : preview.files).slice(0, maxShown).map((file) => ({
        action: "import" as const,
        resource: file.table,
        before:
          file.state === "changed"
            ? "the table as imported before"
            : file.state === "unchanged"
              ? "the same content"
              : "no table",
        after: `${basename(file.source)}, ${file.bytes} bytes`,
      })),
      blastRadius:
        "Only the tables named; queries see the old table until the new one is complete. The files are not touched.",
      risk: "low" as const,
      costPerHourUsd: 0,
      stateVersion: versionOf(preview),
    };
  },
  async apply({ path }, _plan, { services, signal, progress }: ToolContext<Services>) {
    const run = await services.imports.run(path, { signal, progress });
    return {
      importId: run.id,
      state: run.state,
      files: run.outcomes.map(({ source, ...outcome }) => ({ file: basename(source), ...outcome })),
      next: "describe_data with the table's name shows columns and what was guessed.",
      source: { service: "snowflake", mode: "local" as const, costUsd: 0 },
    };
  },
});

function versionOf(preview: ImportPreview): string {
  const facts = preview.files.map(({ source, bytes, modifiedAt, state }) => [source, bytes, modifiedAt, state]);
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 32);
}
