import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import type { DuplicateGroup, Duplicates } from "../filing/duplicates.ts";

interface Services {
  duplicates: Pick<Duplicates, "list" | "find">;
  storeMode: "live" | "local";
}

const documentsShown = 50;
const reasonsShown = 50;

export const listDuplicates = defineTool({
  name: "list_duplicates",
  title: "List duplicates",
  description: `Lists the groups of kept documents that are one, with the reason of each decision.
- Use when the same story or page seems to be kept several times, or to see why two documents count as one.
- Nothing is deleted: a group shows one of its documents, and manage_duplicates takes one out.
Example: {"limit": 10}`,
  effect: "read",
  items: "groups",
  input: z.strictObject({
    documentId: z.string().max(100).optional().describe("Only the group of this document."),
    limit: z.int().min(1).max(100).default(20).describe("Groups in this answer."),
    cursor: Cursor,
  }),
  output: z.object({
    groups: z.array(
      z.object({
        groupId: z.string(),
        representative: z.string().describe("The document that stands for the group."),
        members: z.int(),
        documents: z.array(
          z.object({ documentId: z.string(), url: z.string(), title: z.string().nullable(), source: z.string() }),
        ),
        reasons: z.array(
          z.object({
            documents: z.array(z.string()).describe("The two."),
            reason: z.enum(["canonical_url", "vendor_id", "same_text", "near_text"]),
            score: z.number().describe("Share of the texts that agrees."),
          }),
        ),
      }),
    ),
    total: z.int(),
    nextCursor: NextCursor,
    untrusted: z.literal(true).describe("Titles were written by others."),
    source: Source,
  }),
  async run({ documentId, limit, cursor }, { services }: ToolContext<Services>) {
    const { duplicates, storeMode } = services;
    const source = { service: "postgresql", mode: storeMode, costUsd: 0 };
    if (documentId !== undefined) {
      return { groups: [describe(await duplicates.find(documentId))], total: 1, untrusted: true as const, source };
    }
    const offset = readCursor(cursor, "duplicates", z.int().min(0).max(1_000_000)) ?? 0;
    const { groups, total } = await duplicates.list({ offset, limit });
    return {
      groups: groups.map(describe),
      total,
      ...(offset + limit < total && { nextCursor: toCursor(offset + limit, "duplicates") }),
      untrusted: true as const,
      source,
    };
  },
});

function describe({ groupId, representative, documents, edges }: DuplicateGroup) {
  return {
    groupId,
    representative,
    members: documents.length,
    documents: documents.slice(0, documentsShown),
    reasons: edges.slice(0, reasonsShown).map(({ documentA, documentB, reason, score }) => ({
      documents: [documentA, documentB],
      reason,
      score: Number(score.toFixed(3)),
    })),
  };
}
