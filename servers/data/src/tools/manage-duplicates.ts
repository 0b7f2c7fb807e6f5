import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { Duplicates } from "../filing/duplicates.ts";

interface Services {
  duplicates: Pick<Duplicates, "find" | "split" | "rejoin">;
  storeMode: "live" | "local";
}

export const manageDuplicates = defineTool({
  name: "manage_duplicates",
  title: "Take a document out of its duplicates",
  description: `Says that a document is not what its group of duplicates takes it for, or takes that back.
- Use when list_duplicates shows two documents as one that are not. split holds against every later copy; rejoin lets the texts decide again.
Example: {"documentId": "0b0e…", "action": "split"}`,
  effect: "update",
  input: z.strictObject({
    documentId: z.string().max(100).describe("From list_duplicates or search_documents."),
    action: z.enum(["split", "rejoin"]).describe("Take it out, or let the texts decide again."),
  }),
  output: z.object({ documentId: z.string(), action: z.string(), source: Source }),
  async plan({ documentId, action }, { services }: ToolContext<Services>) {
    const group = action === "split" ? await services.duplicates.find(documentId) : undefined;
    return {
      summary: action === "split" ? "Take a document out of its group." : "Let a document join its copies again.",
      changes: [
        {
          action: "update" as const,
          resource: `document ${documentId}`,
          ...(group && { before: `one of ${group.documents.length} in a group`, after: "of its own" }),
        },
      ],
      blastRadius: "Searches show it apart, or not; no document is changed or deleted.",
      risk: "low" as const,
      costPerHourUsd: 0,
      stateVersion: group
        ? group.documents
            .map((document) => document.documentId)
            .toSorted()
            .join(" ")
        : "apart",
    };
  },
  async apply({ documentId, action }, _plan, { services, caller }: ToolContext<Services>) {
    const { duplicates, storeMode } = services;
    if (action === "split") await duplicates.split(documentId, caller.id);
    else await duplicates.rejoin(documentId);
    return { documentId, action, source: { service: "postgresql", mode: storeMode, costUsd: 0 } };
  },
});
