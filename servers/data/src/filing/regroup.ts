import type { Transaction } from "kysely";
import type { DuplicateEdge } from "../dedup/duplicate-edge.ts";
import { groupDocuments } from "../dedup/group-documents.ts";
import type { FilingTables } from "./filing-tables.ts";

/** A group that has grown beyond this is not looked at as a whole any more. */
const mostMembers = 2_000;

/** Makes the groups of these documents, and of all they hang together with, anew from what was decided. */
export async function regroup(tx: Transaction<FilingTables>, ids: readonly string[]): Promise<void> {
  const members = await findConnected(tx, ids);
  await tx.deleteFrom("data_document_groups").where("document_id", "in", members).execute();
  const edges = (await readEdges(tx, members)).map(toEdge);
  const apart = await tx
    .selectFrom("data_kept_apart")
    .select(["document_a as documentA", "document_b as documentB"])
    .where("document_a", "in", members)
    .where("document_b", "in", members)
    .execute();
  const rows = groupDocuments(edges, apart)
    .filter((group) => group.length > 1)
    .flatMap((group) => {
      const [first = ""] = group.toSorted();
      return group.map((id) => ({ document_id: id, group_id: first }));
    });
  if (rows.length > 0) await tx.insertInto("data_document_groups").values(rows).execute();
}

/** Along edges, and along the groups there are: an edge may be gone that once joined them. */
async function findConnected(tx: Transaction<FilingTables>, ids: readonly string[]): Promise<string[]> {
  const known = new Set(ids);
  let added = [...ids];
  while (added.length > 0 && known.size < mostMembers) {
    const edges = await readEdges(tx, added);
    const groups = await tx
      .selectFrom("data_document_groups as mine")
      .innerJoin("data_document_groups as other", "other.group_id", "mine.group_id")
      .select("other.document_id")
      .where("mine.document_id", "in", added)
      .execute();
    const near = [
      ...edges.flatMap((edge) => [edge.document_a, edge.document_b]),
      ...groups.map(({ document_id: id }) => id),
    ];
    added = [...new Set(near)].filter((id) => !known.has(id));
    for (const id of added) known.add(id);
  }
  return [...known];
}

async function readEdges(tx: Transaction<FilingTables>, ids: readonly string[]) {
  return await tx
    .selectFrom("data_duplicate_edges")
    .selectAll()
    .where((where) => where.or([where("document_a", "in", [...ids]), where("document_b", "in", [...ids])]))
    .execute();
}

export function toEdge(row: FilingTables["data_duplicate_edges"]): DuplicateEdge {
  const { document_a: documentA, document_b: documentB, score, decided_at: decidedAt } = row;
  // The column holds what the deduplicator decided.
  return { documentA, documentB, reason: row.reason as DuplicateEdge["reason"], score, decidedAt };
}
