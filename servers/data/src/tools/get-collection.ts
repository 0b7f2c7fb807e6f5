import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import { CollectionSummary, summarise } from "../collections/collection-summary.ts";
import type { Collections } from "../collections/collections.ts";

interface Services {
  collections: Pick<Collections, "report" | "documents" | "list" | "wait">;
}

const longestWaitSeconds = 45;
const listed = 50;

export const getCollection = defineTool({
  name: "get_collection",
  title: "Look at a collection",
  description: `Tells how far a collection is, what it cost, what failed and why, and lists what it found, page by page.
- Use after collect, with its collectionId. Without one it lists your collections, the newest first.
- waitSeconds waits for the end. since lists only what was found from then on. Read a document with get_document, or search them with search_documents.
Example: {"collectionId": "7d1f…", "waitSeconds": 30}`,
  effect: "read",
  deadlineMs: 55_000,
  items: "documents",
  input: z.strictObject({
    collectionId: z.string().max(100).optional().describe("From collect; left out: all of yours."),
    waitSeconds: z.int().min(0).max(longestWaitSeconds).default(0).describe("Longest wait for its end."),
    since: z.iso.datetime().optional().describe("Only documents found from then on, e.g. 2026-11-27T08:00:00Z."),
    changedOnly: z.boolean().default(false).describe("Only documents that are new or changed."),
    limit: z.int().min(1).max(200).default(50).describe("Documents in this answer."),
    cursor: Cursor,
  }),
  output: z.object({
    collection: CollectionSummary.optional(),
    collections: z
      .array(
        z.object({ collectionId: z.string(), name: z.string().nullable(), state: z.string(), costUsd: z.number() }),
      )
      .optional()
      .describe("Without collectionId."),
    documents: z.array(
      z.object({
        documentId: z.string().describe("For get_document."),
        url: z.string(),
        title: z.string().nullable(),
        source: z.string(),
        state: z.string().describe("new, changed or unchanged, against what was kept before."),
        foundAt: z.string(),
      }),
    ),
    nextCursor: NextCursor,
    untrusted: z.literal(true).describe("Titles and addresses were written by others."),
    source: Source,
  }),
  async run({ collectionId, waitSeconds, since, changedOnly, limit, cursor }, context: ToolContext<Services>) {
    const { services, caller, signal, progress } = context;
    const { collections } = services;
    const source = { service: "sophia", mode: "local" as const, costUsd: 0 };
    if (collectionId === undefined) {
      const all = await collections.list(caller.id, listed);
      return {
        collections: all.map(({ id, name, state, costUsd }) => ({ collectionId: id, name, state, costUsd })),
        documents: [],
        untrusted: true as const,
        source,
      };
    }
    await collections.report(collectionId, caller.id);
    await collections.wait(collectionId, { forMs: waitSeconds * 1_000, signal, onProgress: progress });
    const report = await collections.report(collectionId, caller.id);
    const scope = `${collectionId} ${since ?? ""} ${changedOnly}`;
    const offset = readCursor(cursor, scope, z.int().min(0).max(1_000_000)) ?? 0;
    const page = { changedOnly, offset, limit: limit + 1, ...(since !== undefined && { since: Date.parse(since) }) };
    const found = await collections.documents(collectionId, page);
    return {
      collection: summarise(report),
      documents: found
        .slice(0, limit)
        .map(({ foundAt, ...document }) => ({ ...document, foundAt: new Date(foundAt).toISOString() })),
      ...(found.length > limit && { nextCursor: toCursor(offset + limit, scope) }),
      untrusted: true as const,
      source,
    };
  },
});
