import { createHash } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import type { ChangePlan } from "@sophia/core/approval/change-plan";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { DocumentFacts, DocumentStore } from "../documents/document-store.ts";

interface Services {
  documents: Pick<DocumentStore, "versions" | "remove">;
  storeMode: "live" | "local";
}

export const deleteDocument = defineTool({
  name: "delete_document",
  title: "Delete a kept document",
  description:
    "Deletes a kept page with all its versions, passages and vectors. The page on the web is not touched.\n" +
    "- Use when something should not be kept, or must be erased.\n" +
    '- Example: {"documentId": "0b0e4a3e-…"}',
  effect: "destroy",
  input: z.strictObject({ documentId: z.uuid().describe("Any version of the page.") }),
  output: z.object({
    documentId: z.string(),
    deletedVersions: z.number().int(),
    source: Source,
  }),
  async plan(input, { services }: ToolContext<Services>): Promise<ChangePlan> {
    const versions = await services.documents.versions(input.documentId);
    const newest = versions.at(-1);
    if (!newest) {
      throw new AppError("not_found", "No document has this id.", { hint: "list_documents shows what is kept." });
    }
    return {
      summary: `Delete the kept page ${newest.final_url} with ${count(versions.length, "version")}.`,
      changes: versions.map((version) => ({
        action: "delete" as const,
        resource: `document ${version.id}`,
        before: `version ${version.version}, read ${new Date(version.fetched_at).toISOString()}, ${version.text_length} characters`,
      })),
      blastRadius:
        "search_documents and get_document no longer find the page. Only reading it again brings back its present content.",
      risk: "medium",
      costPerHourUsd: 0,
      stateVersion: stateVersionOf(versions),
    };
  },
  async apply(input, _plan, { services }: ToolContext<Services>) {
    const deletedVersions = await services.documents.remove(input.documentId);
    return {
      documentId: input.documentId,
      deletedVersions,
      source: { service: "postgresql", mode: services.storeMode, costUsd: 0 },
    };
  },
});

function count(number: number, noun: string): string {
  return number === 1 ? `one ${noun}` : `${number} ${noun}s`;
}

function stateVersionOf(versions: readonly DocumentFacts[]): string {
  const ids = versions.map(({ id, version }) => `${id}:${version}`).join(",");
  return createHash("sha256").update(ids).digest("hex").slice(0, 16);
}
