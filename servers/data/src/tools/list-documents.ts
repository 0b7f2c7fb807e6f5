import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import type { DocumentStore } from "../documents/document-store.ts";
import { fenceUntrusted } from "../domain/fence-untrusted.ts";
import { parseMoment } from "../domain/parse-moment.ts";

interface Services {
  documents: Pick<DocumentStore, "list">;
  storeMode: "live" | "local";
}

export const listDocuments = defineTool({
  name: "list_documents",
  title: "List kept documents",
  description:
    "Lists the documents that were read and kept, last read first, without their text.\n" +
    "- Use to see what is there, by site, language or date. To find something by content use search_documents.\n" +
    '- Example: {"site": "example.com", "limit": 20}',
  effect: "read",
  items: "documents",
  input: z.strictObject({
    site: z.string().max(253).optional().describe("Only this host and its subdomains."),
    language: z
      .string()
      .regex(/^[A-Za-z]{2,3}$/)
      .optional()
      .describe("Only this language, e.g. en."),
    since: z.string().max(40).optional().describe("Published (else read) on or after this date, ISO 8601."),
    until: z.string().max(40).optional().describe("Published (else read) on or before this date, ISO 8601."),
    limit: z.number().int().min(1).max(100).default(25).describe("Documents in this answer."),
    cursor: Cursor,
  }),
  output: z.object({
    documents: z.array(
      z.object({
        documentId: z.string(),
        title: z.string().nullable(),
        url: z.string(),
        site: z.string(),
        author: z.string().nullable(),
        publishedAt: z.string().nullable().describe("ISO 8601."),
        fetchedAt: z.string().describe("When this version was first read, ISO 8601."),
        checkedAt: z.string().describe("When it was last read, ISO 8601."),
        language: z.string().nullable(),
        kind: z.string(),
        version: z.number().int(),
        length: z.number().int().describe("Characters of its text."),
      }),
    ),
    nextCursor: NextCursor,
    untrusted: z.literal(true).describe("Titles and authors were written by others."),
    source: Source,
  }),
  async run(input, { services }: ToolContext<Services>) {
    const filter = {
      site: input.site?.trim().toLowerCase(),
      language: input.language?.toLowerCase(),
      since: parseMoment(input.since, "since"),
      until: parseMoment(input.until, "until"),
    };
    const scope = JSON.stringify(filter);
    const after = readCursor(input.cursor, scope, z.object({ checkedAt: z.number(), id: z.uuid() }));
    const rows = await services.documents.list(filter, input.limit + 1, after);
    const shown = rows.slice(0, input.limit);
    const last = rows.length > input.limit ? shown.at(-1) : undefined;
    return {
      documents: shown.map((row) => ({
        documentId: row.id,
        title: row.title,
        url: row.final_url,
        site: row.site,
        author: row.author,
        publishedAt: row.published_at === null ? null : new Date(row.published_at).toISOString(),
        fetchedAt: new Date(row.fetched_at).toISOString(),
        checkedAt: new Date(row.checked_at).toISOString(),
        language: row.language,
        kind: row.kind,
        version: row.version,
        length: row.text_length,
      })),
      ...(last && { nextCursor: toCursor({ checkedAt: last.checked_at, id: last.id }, scope) }),
      untrusted: true as const,
      source: { service: "postgresql", mode: services.storeMode, costUsd: 0 },
    };
  },
  render(output) {
    if (output.documents.length === 0) return "No document is kept that fits.";
    const parts = output.documents.map((document, index) => {
      const facts = [
        document.publishedAt && `published ${document.publishedAt.slice(0, 10)}`,
        document.language,
        `version ${document.version}`,
        `${document.length} characters`,
      ];
      const text = [document.title, document.author].filter(Boolean).join("\n");
      const fence = { id: document.documentId, url: document.url, fetchedAt: document.checkedAt };
      return `${index + 1}. Document ${document.documentId} (${facts.filter(Boolean).join(", ")})\n${fenceUntrusted(text, fence)}`;
    });
    const more = output.nextCursor === undefined ? undefined : `More: cursor "${output.nextCursor}"`;
    return [...parts, more].filter(Boolean).join("\n\n");
  },
});
