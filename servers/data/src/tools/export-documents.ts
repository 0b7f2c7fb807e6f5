import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { parseMoment } from "../domain/parse-moment.ts";
import { type DocumentExports, exportPath } from "../exports/document-exports.ts";

interface Services {
  exports: Pick<DocumentExports, "write">;
  storeMode: "live" | "local";
}

export const exportDocuments = defineTool({
  name: "export_documents",
  title: "Export kept documents",
  description: `Writes kept documents with their text and provenance into a file, JSON lines or CSV, that can be fetched for a day.
- Use when many documents are wanted outside: in a table, a notebook, a warehouse. For a few, get_document is enough.
- The file is fetched from this server with any of its tokens: curl -H "Authorization: Bearer …" http://127.0.0.1:8092/exports?file=…
Example: {"format": "csv", "site": "example.com", "since": "2026-11-01"}`,
  effect: "read",
  deadlineMs: 55_000,
  input: z.strictObject({
    format: z.enum(["jsonl", "csv"]).default("jsonl").describe("One JSON object a line, or a table."),
    site: z.string().max(253).optional().describe("Only this host and its subdomains."),
    language: z.string().max(3).optional().describe("Only this language, e.g. en."),
    since: z.string().max(40).optional().describe("Published (else read) on or after this date, ISO 8601."),
    until: z.string().max(40).optional().describe("Published (else read) on or before this date, ISO 8601."),
    source: z.string().max(60).optional().describe("Only what came this way: direct, tavily, zenrows, apify, …"),
    collectionId: z.string().max(100).optional().describe("Only what this collection of yours found."),
  }),
  output: z.object({
    path: z.string().describe("Of the file on this server."),
    documents: z.int(),
    bytes: z.int(),
    sha256: z.string(),
    expiresAt: z.string().describe("ISO 8601."),
    isCut: z.boolean().describe("There were more than 50,000 documents or 512 MB: narrow the filter."),
    untrusted: z.literal(true).describe("The texts in the file were written by others."),
    source: Source,
  }),
  async run(input, { services, caller, signal, progress }: ToolContext<Services>) {
    const { format, since, until, ...rest } = input;
    const filter = { ...rest, since: parseMoment(since, "since"), until: parseMoment(until, "until") };
    const { fileName, expiresAt, ...facts } = await services.exports.write(
      { filter, format, caller: caller.id },
      { signal, onProgress: (done) => progress({ done }) },
    );
    return {
      path: `${exportPath}?file=${fileName}`,
      ...facts,
      expiresAt: new Date(expiresAt).toISOString(),
      untrusted: true as const,
      source: { service: "postgresql", mode: services.storeMode, costUsd: 0 },
    };
  },
});
